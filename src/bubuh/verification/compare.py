"""Whether a serial number was affixed over this very digest: what can be asked without sending a document."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass

from bubuh.db.pool import Database
from bubuh.stamping.serial import SerialKey
from bubuh.verification.look_up import look_up
from bubuh.verification.model import SerialFacts
from bubuh.verification.refusals import DigestMalformed


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What is known of the serial number, and whether the digest is its own."""

    facts: SerialFacts
    is_registered: bool


async def compare(db: Database, serial_key: SerialKey, serial_no: str, digest: bytes) -> Compared:
    """Hold `digest`, SHA-256 over a stamp's ByteRange, against the registered one; raises `SerialUnknown`.

    That it is registered says that the bytes within the range are as they were sealed. It says nothing of
    bytes outside of it, and looks at no signature: only `verify` judges a document.
    """
    facts = await look_up(db, serial_key, serial_no)
    return Compared(facts=facts, is_registered=hmac.compare_digest(facts.digest, digest))


def read_digest(text: str) -> bytes:
    """The digest that 64 hex digits show; raises `DigestMalformed`."""
    if re.fullmatch(r"[0-9A-Fa-f]{64}", text, re.ASCII) is None:
        raise DigestMalformed
    return bytes.fromhex(text)
