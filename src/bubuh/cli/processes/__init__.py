"""The processes that `bubuh up` keeps alive, each a command of its own for machines of its own."""
