"""The waiting room's rules: turns, their order, who is called, and passes. I/O only in `*_file`."""
