"""What people with power did, in one hash chain a shard: written with the act, never changed (ADR-0008)."""
