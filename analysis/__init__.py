"""What every network costs and what it gave."""
