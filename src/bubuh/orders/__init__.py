"""Buying quota: an order is placed, paid and filled, and money that comes late counts as well."""
