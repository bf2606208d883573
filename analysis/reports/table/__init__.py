"""Any table of networks with a score and costs: which column is what, and its report."""
