"""Letters on their way: sealed while they wait in the outbox, since they hold an address and a code."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import msgspec

from bubuh.identity.people.keys import PersonKey
from bubuh.identity.people.model import ContactKind, Letter
from bubuh.outbox.model import SEALED

LETTER_WANTED: Final = "person.letter"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A letter to be written and sent."""

    kind: ContactKind
    address: str
    letter: Letter
    code: str | None
    language: str | None  #: None: in all, Indonesian first; nobody knows which they read
    link: str | None = None


def sealed_letter(wanted: Wanted, subject: UUID, key: PersonKey) -> Mapping[str, Any]:
    """The facts to publish about `subject`: they say nothing without the key."""
    sealed = key.seal(msgspec.json.encode(wanted).decode(), f"letter {subject}")
    return {SEALED: base64.b64encode(sealed).decode()}


def opened_letter(facts: Mapping[str, Any], subject: UUID, key: PersonKey) -> Wanted:
    """What `sealed_letter` sealed."""
    text = key.open(base64.b64decode(facts[SEALED]), f"letter {subject}")
    return msgspec.json.decode(text, type=Wanted)
