"""Samplers: which network is tried next, as pure functions of space, history and randomness."""
