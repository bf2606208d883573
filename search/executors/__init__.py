"""Executors: where workers run, in this process, in a pool on this machine, or through Ray."""
