"""The worker: leases stamps and affixes them, sweeps, asks gateways, tells the outbox."""
