"""The first parser, pyHanko's: reading and appending where the lean engine declines, and what it knows of
signatures.
"""
