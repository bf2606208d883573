"""The report of a search: one page with everything about a run, and its frontier as a figure."""
