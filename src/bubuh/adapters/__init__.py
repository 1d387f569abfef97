"""Adapters: what stands behind the ports of the slices; each names the library it is the only door to."""
