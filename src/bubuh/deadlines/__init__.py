"""Announced deadlines: which agency, when, who is eligible, and who stands in their lanes."""
