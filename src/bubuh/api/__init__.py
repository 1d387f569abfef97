"""The distributors' API `/v1`: decodes, calls one act, shows the result."""
