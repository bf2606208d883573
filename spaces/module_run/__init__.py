"""Any `torch.nn.Module` run once, every operator counted as it is called, and left as it was."""
