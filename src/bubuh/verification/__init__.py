"""Verification: whether the stamps in a document are genuine, and what a serial number stands for."""
