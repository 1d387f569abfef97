"""The lean engine: plans a stamp by splicing bytes, with no PDF library and no ASN.1 library.

It reads only what it touches and writes again only what it changes, byte for byte but for what is put in.
What it does not know well it declines, with a reason, and another engine takes over. Whether it declines is
decided by its arguments alone: an intent that was planned here is planned here for ever.
"""
