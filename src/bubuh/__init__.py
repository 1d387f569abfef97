"""Bubuh: an open electronic stamp-duty service."""

__version__ = "0.1.0"
