"""Signs the statements that wait, by itself; what it does not understand it refuses, for good."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from typing import Final

import msgspec
import structlog
from prometheus_client import Counter

from bubuh.core.errors import Fault
from bubuh.db.pool import Database
from bubuh.edge.turn_sheet import turn_sheet
from bubuh.outages.model import OutageRecord
from bubuh.pdf.seal.cms import signed_attributes, signed_data
from bubuh.pdf.sheet import covered
from bubuh.signer.heads import StatementKey
from bubuh.statements import store
from bubuh.statements.model import Facts, Kind, Statement
from bubuh.waitingroom.proof import TurnRecord

_log = structlog.get_logger(__name__)
_SIGNED = Counter("bubuh_signer_statements", "Statements, by how they ended", ["how"])
EVERY_S: Final = 2.0
_MOST: Final = 100  #: a pass

#: What a kind's facts are. A statement that is nothing of these is never signed.
UNDERSTOOD: Final[Mapping[Kind, type[Facts]]] = {
    Kind.OUTAGE: OutageRecord,
    Kind.TURN: TurnRecord,
    Kind.TURN_SHEET: TurnRecord,
}


async def sign_statements(db: Database, key: StatementKey) -> int:
    """Sign what waits; how many were signed."""
    signed = 0
    for statement in await store.list_unsigned(db, at_most=_MOST):
        if not is_understood(statement):
            _SIGNED.labels("refused").inc(await store.refuse(db, statement))
            _log.error("statement_refused", kind=statement.kind, subject=str(statement.subject))
            continue
        signature = sign(digest_of(statement), key)
        signed += await store.keep_signature(db, statement, key_id=key.key_id, signature=signature)
    _SIGNED.labels("signed").inc(signed)
    return signed


def is_understood(statement: Statement) -> bool:
    """Whether its facts are those of its kind, and of this statement."""
    try:
        facts = msgspec.json.decode(statement.facts, type=UNDERSTOOD[statement.kind])
    except (KeyError, msgspec.DecodeError):
        return False
    return facts.no == statement.no


def digest_of(statement: Statement) -> bytes:
    """SHA-256 of what is signed: the facts as they are, or the page that is made of them here."""
    if statement.kind is not Kind.TURN_SHEET:
        return hashlib.sha256(statement.facts).digest()
    told = msgspec.json.decode(statement.facts, type=TurnRecord)
    digest = covered(turn_sheet(told))
    assert digest is not None, "our own page"
    return digest


def sign(digest: bytes, key: StatementKey) -> bytes:
    """A detached CMS SignedData (DER) over what has this SHA-256."""
    return signed_data(digest, key.sign(signed_attributes(digest, key.chain)), key.chain)


async def sign_statements_for_ever(db: Database, key: StatementKey, stop: asyncio.Event) -> None:
    """Sign what waits until `stop` is set. What fails is tried again."""
    while not stop.is_set():
        try:
            if await sign_statements(db, key) == _MOST:
                continue  # more may wait
        except Fault as fault:
            _log.warning("statements_not_signed", code=fault.code)
        try:
            async with asyncio.timeout(EVERY_S):
                await stop.wait()
        except TimeoutError:
            continue
