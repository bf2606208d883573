"""Commands of their own file each, put together in `archscape.cli`."""
