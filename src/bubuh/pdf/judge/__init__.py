"""The checker: whether the stamps of a document are genuine, and what was added after them."""
