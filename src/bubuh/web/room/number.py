"""The turn or code that a page of the waiting room is opened with."""

from __future__ import annotations

from typing import Any, Final

from litestar import Request

from bubuh.waitingroom.turn import TURN_LIFE_S
from bubuh.web.browser import browser_of
from bubuh.web.frame import Page, go_to

AnyRequest = Request[Any, Any, Any]

LONGEST_NUMBER: Final = 60  #: a turn has 54 letters, a code 19


def number_shown(request: AnyRequest) -> str:
    """The turn or code that the address or else the browser names; empty for none."""
    cookies = browser_of(request).cookies
    return (request.query_params.get("nomor") or request.cookies.get(cookies.turn, ""))[:LONGEST_NUMBER]


def sign_in_first(request: AnyRequest, number: str, *, to: str) -> Page:
    """Have somebody sign in and come back to `to`; the browser keeps the number meanwhile."""
    cookies = browser_of(request).cookies
    kept = [cookies.put(cookies.turn, number, max_age_s=TURN_LIFE_S)] if _is_plain(number) else []
    return go_to(request, f"/masuk?ke={to}", cookies=kept)


def _is_plain(number: str) -> bool:
    """Whether it is written as turns and codes are."""
    return number != "" and number.isascii() and all(sign.isalnum() or sign in "-_" for sign in number)
