"""Workers: what one process does with one trial after the other."""
