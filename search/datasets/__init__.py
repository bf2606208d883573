"""Data sets: names and files become tensors."""
