"""Who asked to be told when their turn is called; asked on the site, told by the worker."""
