"""Puts adapters behind ports: the one place that knows both, and where a data folder keeps what they need."""
