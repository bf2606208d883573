"""Populations of a space as figures and as a page."""
