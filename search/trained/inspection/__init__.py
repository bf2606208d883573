"""Inspecting a trained network again: what it sees, where it fails, the loss around its weights."""
