"""Documents: strangers' bytes, received once, kept sealed, never altered; a stamp only appends to them."""
