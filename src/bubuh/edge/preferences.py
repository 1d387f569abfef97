"""`Prefer: wait=N` and `Idempotency-Key`: the two request headers that change what a call does."""

from __future__ import annotations

import re
from typing import Final

from bubuh.edge.refusals import IdempotencyKeyRequired

LONGEST_WAIT_S: Final = 30
LONGEST_KEY: Final = 255

_VISIBLE: Final = re.compile(rf"[\x21-\x7e]{{1,{LONGEST_KEY}}}")
_WAIT: Final = re.compile(r"^\s*wait\s*=\s*\"?(\d{1,9})\"?\s*(;.*)?$", re.IGNORECASE | re.ASCII)


def wait_s(prefer: str | None) -> int | None:
    """Seconds the client would wait for the end, at most `LONGEST_WAIT_S`; None when it did not say.

    A preference that cannot be read is no error. Source: RFC 7240, sections 2 and 4.3.
    """
    for part in (prefer or "").split(","):
        if (match := _WAIT.match(part)) is not None:
            return min(int(match[1]), LONGEST_WAIT_S)
    return None


def read_idempotency_key(header: str | None) -> str:
    """The client's key: 1 to 255 visible ASCII characters.

    Raises:
        IdempotencyKeyRequired: there is none, or it holds something else.
    """
    if header is None or _VISIBLE.fullmatch(header) is None:
        raise IdempotencyKeyRequired(longest=LONGEST_KEY)
    return header
