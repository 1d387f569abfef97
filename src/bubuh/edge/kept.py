"""Pages kept for a minute, to be given again while the service is under a brownout.

Only what reads and changes nothing is kept: histories and verifications. Who may see it has been checked anew
before it is given, and it is given to the same browser alone.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from litestar import MediaType, Request, Response

from bubuh.edge.bulkheads import Way, way_of
from bubuh.edge.cookies import LANGUAGE, cookies_of
from bubuh.edge.ladder import Level
from bubuh.edge.overload import brownout_of, is_keepable
from bubuh.edge.refusals import LeftOff

AnyRequest = Request[Any, Any, Any]
Key = tuple[str | None, ...]

LIFE_S: Final = 60.0
_MOST: Final = 1_000
_MOST_BYTES: Final = 64 * 1024  #: of one: 64 MB in all


@dataclass(frozen=True, slots=True)
class _Answer:
    content: bytes
    headers: dict[str, str]
    at_s: float


class Kept:
    """The answers of one web process, the oldest forgotten first."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._answers: OrderedDict[Key, _Answer] = OrderedDict()

    def find(self, request: AnyRequest) -> Response[bytes] | None:
        """What was answered to this browser within the last minute."""
        answer = self._answers.get(_key(request))
        age_s = 0.0 if answer is None else self._clock_s() - answer.at_s
        if answer is None or age_s > LIFE_S:
            return None
        headers = {**answer.headers, "age": str(int(age_s))}
        return Response(answer.content, headers=headers, media_type=MediaType.HTML)

    def keep(self, request: AnyRequest, response: Response[bytes]) -> None:
        """Keep a good answer that sets nothing."""
        content, key = response.content, _key(request)
        if response.status_code != 200 or response.cookies or len(content) > _MOST_BYTES:
            return
        self._answers[key] = _Answer(content, dict(response.headers), self._clock_s())
        self._answers.move_to_end(key)
        while len(self._answers) > _MOST:
            self._answers.popitem(last=False)


async def from_kept(request: AnyRequest) -> Response[bytes] | None:
    """Before a handler, its guard passed: the kept answer while there is a brownout; raises `LeftOff`.

    Nothing is awaited; but what is no coroutine Litestar runs in a thread, each request through two changes
    of threads.
    """
    way, brownout = _way(request), brownout_of(request)
    if way is None or brownout.level is Level.FULL or not is_keepable(request.method, way):
        return None
    kept: Kept = request.app.state.kept
    found = kept.find(request)
    if found is None and brownout.closes(way):
        raise LeftOff(level=int(brownout.level))
    return found


def keep(request: AnyRequest, response: Response[bytes]) -> None:
    """Keep what a handler answers, where such may be given again."""
    way = _way(request)
    if way is not None and is_keepable(request.method, way):
        kept: Kept = request.app.state.kept
        kept.keep(request, response)


def _way(request: AnyRequest) -> Way | None:
    return way_of(request.method, str(request.scope.get("path_template", "")))


def _key(request: AnyRequest) -> Key:
    """Browser, language, form of the body, address."""
    cookies, headers = cookies_of(request.app.state.services.public_url), request.headers
    told = (request.cookies.get(name) for name in (cookies.session, cookies.visitor, LANGUAGE))
    return (
        *told,
        headers.get("accept-language"),
        headers.get("accept-encoding"),
        headers.get("accept"),
        request.scope["path"],
        request.scope["query_string"].decode("latin-1"),
    )
