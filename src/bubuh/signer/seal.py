"""S4: sign what the stamps' rows hold, and commit the signatures before answering them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from prometheus_client import Counter

from bubuh.core.errors import Fault
from bubuh.core.shards import Shard, shard_of_account
from bubuh.db.pool import Conn, Database
from bubuh.db.queries import columns, load_queries
from bubuh.pdf.seal.cms import signed_attributes
from bubuh.stamping.ports import SealKeys
from bubuh.stamping.refusals import SignerUnavailable
from bubuh.stamping.wire import Wanted

SQL: Any = load_queries(__package__)
_SIGNATURES = Counter("bubuh_signer_signatures", "Signatures that a key made, kept or not", ["key_id"])
_log = structlog.get_logger(__name__)

#: the signature that stands; None: its row is not in work under this fence; a Fault's code: ask again
Seal = bytes | str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signed:
    """A fresh signature over what the row of a wanted stamp holds."""

    place: int  #: of the stamp among those wanted
    wanted: Wanted
    digest: bytes
    signature: bytes
    key_id: str

    @property
    def shard(self) -> Shard:
        return shard_of_account(self.wanted.account_id)


async def seal_n(db: Database, keys: SealKeys, wanted: Sequence[Wanted]) -> list[Seal]:
    """The signatures that stand for `wanted`, in its order, all kept in one commit.

    The caller names stamps, never a digest. The same stamp and digest get the stored signature again; for
    another digest under the same serial number there is none, for ever. A row that is no good spoils no
    other.

    Raises:
        DatabaseUnavailable: whether the signatures were kept is not known; ask again.
    """
    seals: list[Seal] = [None] * len(wanted)
    signed: list[_Signed] = []
    for shard, places in _by_shard(wanted).items():
        arrays = columns([wanted[place] for place in places], "stamp_id", "account_id", "fence")
        for row in await db.fetch(SQL.find_wanted_n.sql, shard, *arrays):
            place = places[row["no"] - 1]
            if row["signature"] is not None:
                seals[place] = bytes(row["signature"]) if row["is_in_work"] else None
            elif row["is_in_work"]:
                try:
                    signed.append(_sign(place, wanted[place], row["digest"], row["key_id"], keys))
                except Fault as fault:
                    _log.warning("signer_fault", code=fault.code, why=str(fault))
                    seals[place] = fault.code
    for place, seal in (await _keep(db, signed)).items():
        seals[place] = seal
    return seals


def _sign(place: int, wanted: Wanted, digest: bytes, key_id: str, keys: SealKeys) -> _Signed:
    key = keys.get(key_id)
    if key is None:
        raise SignerUnavailable(f"key {key_id} is not at hand")
    signature = key.sign(signed_attributes(digest, key.chain))
    _SIGNATURES.labels(key_id).inc()
    return _Signed(place=place, wanted=wanted, digest=digest, signature=signature, key_id=key_id)


async def _keep(db: Database, signed: Sequence[_Signed]) -> dict[int, Seal]:
    """What stands for each, by place: one commit; when one spoils it for all, a commit for each."""
    if not signed:
        return {}
    try:
        async with db.transaction() as conn:
            return await _keep_in(conn, signed)
    except Fault:
        raise
    except Exception as error:  # noqa: BLE001 - whatever one row makes the database say, is not the others'
        _log.error("seal_not_kept", stamps=len(signed), why=type(error).__name__)
        if len(signed) == 1:
            return {signed[0].place: SignerUnavailable.code}
    kept: dict[int, Seal] = {}
    for one in signed:
        kept |= await _keep(db, [one])
    return kept


async def _keep_in(conn: Conn, signed: Sequence[_Signed]) -> dict[int, Seal]:
    """One statement a shard, in the shards' order: two signers never wait for each other in a circle."""
    kept: dict[int, Seal] = {}
    for shard in sorted({one.shard for one in signed}):
        its = [one for one in signed if one.shard == shard]
        rows = await conn.fetch(
            SQL.keep_n.sql,
            shard,
            *columns([one.wanted for one in its], "stamp_id", "account_id", "fence"),
            *columns(its, "digest", "signature", "key_id"),
        )
        kept |= {one.place: row["signature"] for one, row in zip(its, rows, strict=True)}
    return kept


def _by_shard(wanted: Sequence[Wanted]) -> dict[Shard, list[int]]:
    """The places of `wanted` in each shard."""
    places: dict[Shard, list[int]] = defaultdict(list)
    for place, one in enumerate(wanted):
        places[shard_of_account(one.account_id)].append(place)
    return places
