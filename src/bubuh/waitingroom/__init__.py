"""The waiting room's rules: turns, their order, who is called, and passes. Only `room_file` does I/O."""
