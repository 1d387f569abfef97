"""The transfers of each shard, bound into a chain of hashes off the hot path (ADR-0014)."""
