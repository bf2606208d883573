"""Readers of data, one format a file."""
