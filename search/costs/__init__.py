"""What a search asks of a network before its training, beyond the totals of its graph."""
