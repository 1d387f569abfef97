"""Which of the 64 shards a row belongs to: the one rule, in Python. Its SQL twin is a CHECK on each table."""

from __future__ import annotations

from typing import Final, NewType

Shard = NewType("Shard", int)

SHARDS: Final = 64  #: frozen at the first migration; never change it on a living database
ALL_SHARDS: Final = tuple(Shard(number) for number in range(SHARDS))


def shard_of_account(account_id: int) -> Shard:
    """The shard that holds every row of `account_id`."""
    return Shard(account_id % SHARDS)
