"""Statistics of tables of networks: frontiers, families, knees, noise, distributions, importance."""
