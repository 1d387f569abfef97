"""Codes of invitations: twelve letters in groups of four, that can be read out and typed.

The first six letters are the invitation's number, by which wrong tries are counted against it; the other six
are 30 secret bits, of which five tries guess one in 200 million.
"""

from __future__ import annotations

from typing import Final

from bubuh.core.ids import ALPHABET, AccountId
from bubuh.identity.people.keys import PersonKey

_LETTERS: Final = 12
_NUMBER: Final = 6
_ALIKE: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


def code_for(key: PersonKey, account_id: AccountId, form: str) -> str:
    """The code that the account's `form` (128 random bits) stands for: a repetition shows the same."""
    raw = key.index(f"{account_id} {form}", "invitation form")
    return "".join(ALPHABET[byte & 31] for byte in raw[:_LETTERS])


def shown(code: str) -> str:
    """The code in groups."""
    return "-".join(code[first : first + 4] for first in range(0, _LETTERS, 4))


def read_code(text: str) -> str | None:
    """What was typed, in its one form; None when it is no code. Source: Crockford's base 32, decoding."""
    code = text.strip().upper().translate(_ALIKE)
    return code if len(code) == _LETTERS and set(code) <= set(ALPHABET) else None


def number_of(code: str) -> str:
    """The part that is no secret."""
    return code[:_NUMBER]


def code_mac(key: PersonKey, code: str) -> bytes:
    """What is kept of a code."""
    return key.index(code, "invitation")
