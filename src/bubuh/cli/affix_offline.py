"""Affix stamps without a service: with a seal key, its chain and serial numbers that somebody gave out."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from bubuh.cli.affix_outcome import affixed, failed, refused
from bubuh.core.clock import utc_now
from bubuh.core.errors import Refusal
from bubuh.pdf.model import SERIAL, Chain, Facts, Intent, Place
from bubuh.pdf.refusals import DocumentRefused, SerialMalformed, may_be_repaired
from bubuh.pdf.seal.cms import signed_attributes, signed_data
from bubuh.pdf.seal.keys import load_key, sign
from bubuh.pdf.seal.pki import PrivateKey, read_chain
from bubuh.pdf.seal.room import TIME_STAMP_ROOM_BYTES
from bubuh.sandbox import Sandbox, SyncSandbox
from bubuh.settings import Settings
from bubuh.stamping.refusals import TimeStampFailed
from bubuh.stamping.serial import check_character
from bubuh.stamping.settle import with_time
from bubuh.wiring.levels import AUTHORITY

_PUBLIC_URL: Final = "http://127.0.0.1:8000"


class OfflineIncomplete(Refusal):
    """Offline work needs a key, its chain and a serial number, all three; an authority of time its root."""

    code = "offline_incomplete"


class KeyUnusable(Refusal):
    """The key or its chain cannot be read, or is of a kind that seals nothing."""

    code = "key_unusable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What offline stamping is done with."""

    sandbox: SyncSandbox
    key: PrivateKey
    chain: Chain
    public_url: str
    authority: Authority | None  #: whom to ask for time-stamps


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """An authority of time and whom to believe about it."""

    url: str
    roots: tuple[bytes, ...]  #: DER


def offline(
    jobs: list[tuple[Path, Path]],
    place: Place,
    authority: Authority | None,
    *,
    key: Path,
    chain: Path,
    serial: str,
) -> Iterator[dict[str, Any]]:
    """Affix a stamp to each document, numbered from `serial`; tells how each ended.

    Raises:
        KeyUnusable: key or chain seal nothing.
        SerialMalformed: `serial` is no serial number.
    """
    private_key, its_chain = _read_key(key, chain)
    public_url = Settings.from_env().public_url or _PUBLIC_URL
    with Sandbox.open_sync() as sandbox:
        bench = Bench(
            sandbox=sandbox, key=private_key, chain=its_chain, public_url=public_url, authority=authority
        )
        for (source, target), serial_no in zip(jobs, serial_run(serial), strict=False):
            try:
                base, facts, normalised = _base(source.read_bytes(), bench)
                target.write_bytes(_stamp(base, serial_no, place, bench))
                yield affixed(source, target, serial_no, flags=facts.flags, normalised=normalised)
            except Refusal as refusal:
                yield refused(source, refusal)
            except TimeStampFailed as late:
                yield failed(source, "refused", f"time_stamp_{late.why}")


def _base(document: bytes, bench: Bench) -> tuple[bytes, Facts, bool]:
    """What is stamped: `document` or, where it is damaged, what it is normalised to; and whether it was."""
    try:
        return document, bench.sandbox.inspect(document), False
    except DocumentRefused as refusal:
        if not may_be_repaired(refusal):
            raise
    normalised = bench.sandbox.repair(document)
    return normalised.document, normalised.facts, True


def _stamp(document: bytes, serial_no: str, place: Place, bench: Bench) -> bytes:
    intent = Intent(
        serial_no=serial_no,
        place=place,
        signed_at=utc_now().replace(microsecond=0),
        file_id=secrets.token_bytes(16),
        qr_payload=f"{bench.public_url}/s/{serial_no}",
        key_id=bench.chain.key_id,
        time_stamp_room=0 if bench.authority is None else TIME_STAMP_ROOM_BYTES,
    )
    increment = bench.sandbox.plan(document, intent, bench.chain)
    signature = sign(bench.key, signed_attributes(increment.digest, bench.chain))
    cms = signed_data(increment.digest, signature, bench.chain)
    if bench.authority is not None:
        cms = asyncio.run(_with_time(cms, signature, bench.authority))
    return document + increment.sealed(cms)


async def _with_time(cms: bytes, signature: bytes, authority: Authority) -> bytes:
    asked = import_module(AUTHORITY).Rfc3161Authority(authority.url, authority.roots)
    try:
        return await with_time(cms, signature, asked)
    finally:
        await asked.close()


def serial_run(first: str) -> Iterator[str]:
    """`first` as it is, then the numbers after it: 21 characters count, the last one checks them."""
    if SERIAL.fullmatch(first) is None:
        raise SerialMalformed(serial_no=first)
    yield first
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    value = int(first[:-1], 36)
    while True:
        value += 1
        rest, body = value, ""
        for _ in range(len(first) - 1):
            rest, digit = divmod(rest, 36)
            body = digits[digit] + body
        yield body + check_character(body)


def _read_key(key: Path, chain: Path) -> tuple[PrivateKey, Chain]:
    """The seal key and its chain; raises `KeyUnusable`."""
    try:
        return load_key(key.read_bytes()), read_chain(chain.read_bytes(), "offline")
    except (OSError, ValueError) as error:
        raise KeyUnusable(why=str(error)) from error
