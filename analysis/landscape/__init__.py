"""What training did: the loss around trained weights, with and without skips, and the filters it made."""
