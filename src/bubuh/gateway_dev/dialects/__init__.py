"""What else the gateway speaks: the dialects of real ones, each as its own documents tell it.

Nothing here is shared with the adapters on the other side: each keeps its own reading.
"""
