"""PyTorch code: the source of a network, the module it compiles to, and what is exported."""
