"""Prepaid stamps: allot, hold, capture, release, transfer, and the proof that none was lost or made."""
