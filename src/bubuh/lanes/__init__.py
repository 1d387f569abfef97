"""Lanes for customers and partners whom an operator names, and the turns that accounts keep."""
