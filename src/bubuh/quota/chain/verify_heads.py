"""Hold the signed heads to their signatures, to each other and to the links."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from bubuh.core.shards import ALL_SHARDS, SHARDS, Shard
from bubuh.db.pool import Conn, Database
from bubuh.quota.chain import store
from bubuh.quota.chain.heads import FIRST, Ends, HeadBreak, digest_of
from bubuh.quota.chain.model import BreakKind, first_hash

Proves = Callable[[bytes, bytes, str], bool]  #: whether a signature over a message is by the key of that id
_PAGE: Final = 1_000


async def hashes_at(where: Conn | Database, heads: Sequence[Ends]) -> Mapping[tuple[Shard, int], bytes]:
    """The hashes of the links that `heads` name; a link that is gone has none."""
    wanted: dict[Shard, set[int]] = defaultdict(set)
    for ends in heads:
        for shard, no in zip(ALL_SHARDS, ends.nos, strict=True):
            wanted[shard].add(no)
    found = {(shard, 0): first_hash(shard) for shard in ALL_SHARDS}
    for shard, nos in wanted.items():
        found |= {(shard, no): hash_ for no, hash_ in await store.list_hashes(where, shard, nos - {0})}
    return found


def break_of(ends: Ends, hashes: Mapping[tuple[Shard, int], bytes]) -> HeadBreak | None:
    """What is wrong between `ends` and the links as they are now."""
    places = list(zip(ALL_SHARDS, ends.nos, strict=True))
    for shard, no in places:
        if (shard, no) not in hashes:
            return HeadBreak(kind=BreakKind.MISSING, no=ends.no, shard=shard, link=no)
    if digest_of([hashes[place] for place in places]) != ends.digest:
        return HeadBreak(kind=BreakKind.HEAD_DIFFERS, no=ends.no)
    return None


async def verify_heads(db: Database, proves: Proves) -> tuple[int, list[HeadBreak]]:
    """How many signed heads there are, and every one that does not hold, in their order."""
    breaks, count, no, previous = list[HeadBreak](), 0, 0, FIRST
    nos: Sequence[int] = [0] * SHARDS
    while page := await store.list_signed(db, after_no=no, at_most=_PAGE):
        hashes = await hashes_at(db, [head.ends for head in page])
        for head in page:
            ends = head.ends
            if ends.no != no + 1:
                breaks.append(HeadBreak(kind=BreakKind.MISSING, no=no + 1))
            elif ends.previous_hash != previous or any(map(int.__gt__, nos, ends.nos)):
                breaks.append(HeadBreak(kind=BreakKind.UNLINKED, no=ends.no))
            if not proves(head.signature, ends.message(), head.key_id):
                breaks.append(HeadBreak(kind=BreakKind.ALTERED, no=ends.no))
            elif (found := break_of(ends, hashes)) is not None:
                breaks.append(found)
            no, previous, nos, count = ends.no, ends.hash(), ends.nos, count + 1
    return count, breaks
