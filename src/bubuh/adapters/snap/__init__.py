"""SNAP, the payment interface of Bank Indonesia, as any bank speaks it: one engine, one profile a bank."""
