"""The final training of one network: long, with several seeds, its test set counted at the end."""
