"""Executors: where workers run, in a pool on this machine or through Ray."""
