"""Money on its way: attempts at a gateway, its notices as they came, and asking it when none comes."""
