"""Lines of a gateway's file, each beside what we have by its number; a gateway and a shard at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

from bubuh.core.shards import Shard
from bubuh.payments.settlement import GatewayLine

Row = TypeVar("Row")

Find = Callable[[Shard, str, Sequence[str]], Awaitable[Sequence[Row]]]  #: shard, gateway, numbers


async def beside(
    lines: Iterable[GatewayLine],
    *,
    shard_of: Callable[[str], Shard | None],
    find: Find[Row],
    number_of: Callable[[Row], str],
) -> AsyncIterator[tuple[GatewayLine, Sequence[Row]]]:
    """Each of `lines` with the rows that `find` has by its number; none where it has no shard."""
    groups: dict[tuple[str, Shard | None], list[GatewayLine]] = defaultdict(list)
    for line in lines:
        groups[line.gateway, shard_of(line.reference)].append(line)
    for (gateway, shard), group in groups.items():
        known: dict[str, list[Row]] = defaultdict(list)
        if shard is not None:
            for row in await find(shard, gateway, sorted({line.reference for line in group})):
                known[number_of(row)].append(row)
        for line in group:
            yield line, known.get(line.reference, [])
