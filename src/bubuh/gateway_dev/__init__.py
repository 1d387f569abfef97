"""A payment gateway for development: a party of its own, with its own book, that takes no real money.

It is the demo, the test double and the rehearsal rig. Its other side, `adapters.development_gateway`, shares
no code with it: each keeps its own reading of what they say to each other.
"""

from bubuh.gateway_dev.app import create_app
from bubuh.gateway_dev.credentials import Credentials

__all__ = ["Credentials", "create_app"]
