"""Accounts that several people act for: founded, joined by invitation, left, never without administrator."""
