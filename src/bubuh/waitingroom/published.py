"""The room's log as everybody may have it: who was called and when, no accounts, chained and signed.

A line is a JSON object; `n` counts from 1 and `h` is 16 bytes of SHA-256 over the `h` before it and the line
without its own. The last line bears an Ed25519 signature over the `h` before it, by the key of `now.json`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from bubuh.core.errors import Refusal
from bubuh.waitingroom.draw import DrawPlan
from bubuh.waitingroom.draw_records import joined
from bubuh.waitingroom.records import Kind, Record

_LINK_BYTES: Final = 16
_SIGNED: Final = b"bubuh turns\0"


class NoLog(Refusal):
    """What was given is no log that `bubuh turn publish` wrote."""

    code = "no_log"


class Opens(msgspec.Struct, frozen=True, kw_only=True, tag="opens", tag_field="kind"):
    """The first line: whose log it is."""

    key: str  #: that signs `now.json`, 64 hex digits


class Announced(msgspec.Struct, frozen=True, kw_only=True, tag="announced", tag_field="kind"):
    """A draw was committed to: numbers above `base` wait for it."""

    lane: int
    base: int
    commit: str
    says: str
    closes_at: int


class Cut(msgspec.Struct, frozen=True, kw_only=True, tag="cut", tag_field="kind"):
    """Numbers up to `last` take part in it."""

    lane: int
    last: int


class Drawn(msgspec.Struct, frozen=True, kw_only=True, tag="drawn", tag_field="kind"):
    """It was revealed; `key` is what the gate drew with."""

    lane: int
    key: str
    secret: str
    value: str


class Dropped(msgspec.Struct, frozen=True, kw_only=True, tag="dropped", tag_field="kind"):
    """It was given up."""

    lane: int


class Called(msgspec.Struct, frozen=True, kw_only=True, tag="called", tag_field="kind"):
    """Everybody up to the place `upto` was called."""

    lane: int
    upto: int
    at_ms: int  #: since 1970; 0: a log before the first of these told it


class Entered(msgspec.Struct, frozen=True, kw_only=True, tag="entered", tag_field="kind"):
    """Somebody entered with a number."""

    lane: int
    number: int
    until: int  #: when the pass ended, unless it was renewed: 15 min later


class Ends(msgspec.Struct, frozen=True, kw_only=True, tag="ends", tag_field="kind"):
    """The last line."""

    signature: str  #: 128 hex digits


Event = Opens | Announced | Cut | Drawn | Dropped | Called | Entered | Ends


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line as it was found."""

    n: int
    event: Event
    is_linked: bool  #: whether it is what was written after the line before it


def publish(
    logs: Iterable[Iterable[Record]], plans: Mapping[bytes, DrawPlan], key: Ed25519PrivateKey
) -> Iterator[bytes]:
    """The lines of `logs`, the oldest first; `plans` by the start of their commitments."""
    link, n = bytes(_LINK_BYTES), 0
    opens = Opens(key=key.public_key().public_bytes_raw().hex())
    for n, event in enumerate((opens, *_events(logs, plans)), 1):
        line, link = _write(n, event, link)
        yield line
    signature = key.sign(_SIGNED + link).hex()
    yield _write(n + 1, Ends(signature=signature), link)[0]


def read(lines: Iterable[bytes]) -> Iterator[Line]:
    """What `publish` wrote, whatever became of it since; raises `NoLog`."""
    link = bytes(_LINK_BYTES)
    for line in lines:
        body, found, tail = line.rstrip(b"\r\n").rpartition(b',"h":"')
        body, told = body + b"}", tail.removesuffix(b'"}')
        expected = _link(link, body)
        try:
            n, event = msgspec.json.decode(body, type=_Numbered).n, msgspec.json.decode(body, type=Event)
            link = bytes.fromhex(told.decode("ascii"))
        except ValueError as error:
            raise NoLog(line=line[:80].decode("utf-8", "replace")) from error
        if not found:
            raise NoLog
        yield Line(n=n, event=event, is_linked=link == expected)


def is_signed(signature: str, *, key: str, link: bytes) -> bool:
    """Whether the last line's `signature` is by `key` over the `h` before it."""
    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))
        public.verify(bytes.fromhex(signature), _SIGNED + link)
    except (ValueError, InvalidSignature):
        return False
    return True


def link_of(line: bytes) -> bytes:
    """The `h` of a line; raises `NoLog`."""
    try:
        return bytes.fromhex(
            line.rstrip(b"\r\n").rpartition(b',"h":"')[2].removesuffix(b'"}').decode("ascii")
        )
    except ValueError as error:
        raise NoLog from error


class _Numbered(msgspec.Struct, frozen=True):
    n: int


def _write(n: int, event: Event, link: bytes) -> tuple[bytes, bytes]:
    body = b'{"n":%d,%b' % (n, msgspec.json.encode(event)[1:])
    link = _link(link, body)
    return b'%b,"h":"%b"}\n' % (body[:-1], link.hex().encode()), link


def _link(link: bytes, body: bytes) -> bytes:
    return hashlib.sha256(link + body).digest()[:_LINK_BYTES]


def _events(logs: Iterable[Iterable[Record]], plans: Mapping[bytes, DrawPlan]) -> Iterator[Event]:
    """What is told of all records: a log begins with what those before it told already."""
    upto: dict[int, int] = {}
    draws: dict[int, bytes] = {}
    told: set[tuple[int, bytes, Kind]] = set()
    for log in logs:
        for kind, lane, a, b, c in log:
            if kind in {Kind.CALLED, Kind.CELL, Kind.STARTED}:
                if a > upto.get(lane, 0):
                    upto[lane] = a
                    yield Called(lane=lane, upto=a, at_ms=c if kind is Kind.CALLED else 0)
            elif kind is Kind.ENTERED:
                yield Entered(lane=lane, number=a, until=c)
            elif Kind.ANNOUNCED <= kind <= Kind.DROPPED:
                if kind is Kind.ANNOUNCED:
                    draws[lane] = joined(b, c)
                if (lane, draws[lane], kind) not in told:
                    told.add((lane, draws[lane], kind))
                    yield _of_draw(Record(kind, lane, a, b, c), plans.get(draws[lane]))


def _of_draw(record: Record, plan: DrawPlan | None) -> Event:
    kind, lane, a, b, c = record
    if kind is Kind.CUT:
        return Cut(lane=lane, last=a)
    if kind is Kind.DROPPED:
        return Dropped(lane=lane)
    commit, says, closes_at = (plan.commit, plan.says, plan.closes_at) if plan else ("", "", 0)
    if kind is Kind.ANNOUNCED:
        return Announced(lane=lane, base=a, commit=commit, says=says, closes_at=closes_at)
    secret, value = (plan.secret, plan.value) if plan else ("", "")
    return Drawn(lane=lane, key=joined(b, c).hex(), secret=secret, value=value)
