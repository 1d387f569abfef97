"""Money back: the stamps are held first, and the gateway is asked until the end is known."""
