"""Reports of results: any table of networks with a score and costs, and a search, which is such a table."""
