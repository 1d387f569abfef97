"""The gate: hands out turns, calls them, and lets in. It owns no business data and asks nobody."""
