"""The text of an API key: `bbh_test_` or `bbh_live_` and 256 random bits in 43 letters of URL-safe base 64.

What is kept is one SHA-256 of the whole text. No salt and no slow hash: there are no 256-bit guesses to slow
down. No comparison in constant time either: the hash is looked up in an index, and who asks cannot choose
what it is, so the time a look-up takes tells nothing about a secret. The environment's word is part of what
is hashed: a key whose word was changed is another, unknown key.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Callable
from typing import Final

from bubuh.identity.model import Environment

_BYTES: Final = 32
_FORM: Final = re.compile(r"bbh_(test|live)_[A-Za-z0-9_-]{43}", re.ASCII)


def fresh_secret(environment: Environment, random_bytes: Callable[[int], bytes] = secrets.token_bytes) -> str:
    """A new key's text."""
    letters = base64.urlsafe_b64encode(random_bytes(_BYTES)).rstrip(b"=").decode()
    return f"bbh_{environment}_{letters}"


def opens(secret: str, environment: Environment) -> bool:
    """Whether `secret` has the form of a key of `environment`; says nothing about whether there is one."""
    form = _FORM.fullmatch(secret)
    return form is not None and form[1] == environment


def hash_secret(secret: str) -> bytes:
    """What is kept of a key's text."""
    return hashlib.sha256(secret.encode()).digest()


def ending_of(secret: str) -> str:
    """The last letters, by which an owner tells keys apart: 24 of the 256 bits."""
    return secret[-4:]
