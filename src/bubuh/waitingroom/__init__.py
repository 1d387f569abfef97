"""The waiting room's rules: turns, their order, who is called, and passes. No I/O, the time is passed in."""
