"""The two kinds of failure that are part of the contract; the third, a failed assert, is our own mistake."""

from __future__ import annotations

from typing import ClassVar


class Refusal(Exception):
    """The rules say no: expected, coded, part of the API.

    `details` are facts a program may read (ids, counts, field names); they never hold secrets or personal
    data. `pointer` is a JSON Pointer (RFC 6901) to the member of the request that is at fault, or None.
    """

    code: ClassVar[str] = "refused"
    transient: ClassVar[bool] = False  #: whether the same request may succeed later

    def __init__(self, *, pointer: str | None = None, **details: object) -> None:
        """Keep the facts; the words for people stand in `edge/problems/`."""
        super().__init__(self.code, details)
        self.pointer = pointer
        self.details = details

    def __str__(self) -> str:
        facts = ", ".join(f"{name}={value}" for name, value in self.details.items())
        return f"{self.code} ({facts})" if facts else self.code


class Fault(Exception):
    """Something outside us failed; tried again with a limit, then shown as "coba lagi"."""

    code: ClassVar[str] = "fault"
    retry_after_s: int = 5  #: when a caller may sensibly try again


class DatabaseUnavailable(Fault):
    """PostgreSQL cannot be reached, is shutting down or is recovering."""

    code = "database_unavailable"
