"""Stamps: accepted, affixed by a saga that survives every crash, or returned with a reason."""
