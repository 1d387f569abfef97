"""Settlement files of gateways and statements of banks: each form has a profile of its own."""
