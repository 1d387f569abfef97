"""Cookies: names that no neighbour can set, and what browsers are told of them.

Over https both cookies bear the `__Host-` prefix: the browser takes them from this very host alone, on the
path `/`, and never sends them in clear. Plain http, which is for development on one machine, has no such
prefix, and the names are bare.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from litestar.datastructures import Cookie

LANGUAGE: Final = "bahasa"
_SESSION: Final = "bubuh"
_VISITOR: Final = "tamu"
_PASS: Final = "pas"  # noqa: S105 -- the name of a cookie
_TURN: Final = "nomor"
_AIM: Final = "tujuan"
_OURS: Final = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Cookies:
    """The cookies of a site that is reached over https, or in development over http."""

    is_https: bool

    @property
    def session(self) -> str:
        """Whose session this is."""
        return self._named(_SESSION)

    @property
    def visitor(self) -> str:
        """Which browser this is, while nobody is signed in: forms are bound to it."""
        return self._named(_VISITOR)

    @property
    def room_pass(self) -> str:
        """The pass of whoever was let in from the waiting room."""
        return self._named(_PASS)

    @property
    def turn(self) -> str:
        """The turn to enter with, while its holder signs in."""
        return self._named(_TURN)

    @property
    def aim(self) -> str:
        """The page from which somebody was sent to the waiting room."""
        return self._named(_AIM)

    def put(self, name: str, value: str, *, max_age_s: int | None = None) -> Cookie:
        """Have the browser keep `value`; until it is closed, unless `max_age_s` is told."""
        return Cookie(
            key=name,
            value=value,
            path="/",
            max_age=max_age_s,
            httponly=True,
            samesite="lax",
            secure=self.is_https,
        )

    def drop(self, name: str) -> Cookie:
        """Have the browser forget it."""
        return self.put(name, "", max_age_s=0)

    def _named(self, name: str) -> str:
        return f"__Host-{name}" if self.is_https else name


@lru_cache(maxsize=4)  # a process has one; tests have several
def cookies_of(public_url: str) -> Cookies:
    """The cookies of the site at `public_url`."""
    return Cookies(is_https=public_url.startswith("https:"))


def value_of(cookies: Mapping[str, str], name: str) -> str | None:
    """The cookie's value when it can be one of ours: 43 letters of URL-safe base 64; else None."""
    value = cookies.get(name, "")
    return value if _OURS.fullmatch(value) else None
