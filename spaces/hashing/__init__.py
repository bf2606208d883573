"""When two networks are the same: hashes of their canonical form, or of their formula."""
