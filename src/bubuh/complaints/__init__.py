"""Something is wrong: the machine looks first; what it cannot settle is a complaint, with all that it saw."""
