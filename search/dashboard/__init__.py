"""A search as a page that lives: served from this machine, brought up to date while trials run."""

from .server import serve

__all__ = ["serve"]
