"""Bayesian optimisation of architectures: a mixture of Gaussian processes over several views of a network."""
