"""The comparison of networks: what each costs, layer by layer, how they differ, and what is said of it."""
