"""Training over several devices of a machine: one network by all of them, or a seed on each."""
