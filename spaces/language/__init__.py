"""The language: texts, expressions, rows and blocks of rows, and the checks of a table."""
