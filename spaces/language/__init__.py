"""The language: tables of rows, read from YAML, checked, compiled, frozen and written back."""
