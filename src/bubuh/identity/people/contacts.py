"""Read an address that a person typed, into its one form."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from bubuh.identity.people.model import Contact, ContactKind
from bubuh.identity.people.refusals import ContactUnreadable

_LONGEST: Final = 254  # RFC 5321, 4.5.3.1.3
_EMAIL: Final = re.compile(
    r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}"
)
_PHONE: Final = re.compile(r"\+628[1-9][0-9]{6,11}")
_GROUPING: Final = re.compile(r"[\s().-]")


def read_contact(text: str) -> Contact:
    """An Indonesian mobile number (`0812…`, `62812…`, `+62812…`) or an e-mail address.

    Raises:
        ContactUnreadable: it is neither.
    """
    typed = text.strip()
    if len(typed) > _LONGEST:
        raise ContactUnreadable
    if "@" in typed:
        address = typed.lower()
        if _EMAIL.fullmatch(address) is None:
            raise ContactUnreadable
        return Contact(kind=ContactKind.EMAIL, address=address)
    number = _international(_GROUPING.sub("", typed))
    if _PHONE.fullmatch(number) is None:
        raise ContactUnreadable
    return Contact(kind=ContactKind.PHONE, address=number)


def preferred(contacts: Sequence[Contact]) -> Contact | None:
    """Where a person is written to: by e-mail where they gave such an address, else at their first."""
    first = contacts[0] if contacts else None
    return next((one for one in contacts if one.kind is ContactKind.EMAIL), first)


def _international(digits: str) -> str:
    if digits.startswith("0"):
        return "+62" + digits[1:]
    return "+" + digits if digits.startswith("62") else digits
