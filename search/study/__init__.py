"""The study: all trials of a search in a database, shared by processes that may die at any moment."""
