"""Sampling from open tables: random networks within limits, batches of them, and how many there are."""
