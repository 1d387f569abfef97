"""The short way to pages without parameters in their address: past routing, a tenth of such a page.

The same guard asks, and the same handler shows, as on the long way; but there Litestar copies the handler
for its guard and gathers anew, for each request, what is laid around it. Who may see a page, its bulkhead,
what is given again under a brownout, and how errors are told stand where they stand for all. What is not
quite a plain GET goes the long way.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from litestar import Request
from litestar.enums import ScopeType
from litestar.handlers import HTTPRouteHandler
from litestar.routes import BaseRoute, HTTPRoute

from bubuh.edge.guards import Guard, Visitor, guard_of
from bubuh.edge.kept import from_kept
from bubuh.edge.services import Services
from bubuh.web.errors import answer_error
from bubuh.web.frame import Page

if TYPE_CHECKING:
    from litestar.types import ASGIApp, Message, Receive, Scope, Send

_HOST: Final = re.compile(rb"[A-Za-z0-9.\-]{1,253}(:[0-9]{1,5})?")  # others the long way judges
_GIVEN: Final = frozenset({"request", "services"})


@dataclass(frozen=True, slots=True)
class _Shown:
    """How a page is made."""

    handler: HTTPRouteHandler
    guard: Guard
    make: Callable[..., Awaitable[Page]]
    wants_services: bool


class ShortWay:
    """An ASGI layer in front of the application's routing."""

    def __init__(self, app: ASGIApp, services: Services, routes: Iterable[BaseRoute]) -> None:
        self._app = app
        self._services = services
        self._pages: Final[Mapping[str, _Shown]] = dict(_pages(routes))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Show a page; have the application answer everything else."""
        page = self._pages.get(scope["path"]) if scope["type"] == ScopeType.HTTP else None
        if page is None or not _is_plain(scope):
            await self._app(scope, receive, send)
            return
        told = cast("dict[str, object]", scope)
        told["path_template"], told["path_params"], told["route_handler"] = scope["path"], {}, page.handler
        is_begun = False

        async def note_begun(message: Message) -> None:
            nonlocal is_begun
            is_begun = True
            await send(message)

        request: Request[Any, Any, Any] = Request(scope, receive, send)
        try:
            answer = await self._answer(page, request)
            await answer.to_asgi_response(None, request, media_type=page.handler.media_type)(
                scope, receive, note_begun
            )
        except Exception as error:
            if is_begun:
                raise
            told_error = answer_error(request, error)
            await told_error.to_asgi_response(None, request)(scope, receive, send)

    async def _answer(self, page: _Shown, request: Request[Any, Any, Any]) -> Page:
        await page.guard(request, page.handler)
        if (kept := await from_kept(request)) is not None:
            return kept
        if page.wants_services:
            return await page.make(request=request, services=self._services)
        return await page.make(request=request)


def _pages(routes: Iterable[BaseRoute]) -> Iterable[tuple[str, _Shown]]:
    """Pages by address: those of the site that need no more than the request and the services."""
    for route in routes:
        if not isinstance(route, HTTPRoute) or route.path_parameters:
            continue
        for handler in route.route_handlers:
            wanted = inspect.signature(handler.fn).parameters.keys()
            guard = guard_of(handler) if "GET" in handler.http_methods else None
            if isinstance(guard, Visitor) and wanted <= _GIVEN:
                yield route.path, _Shown(handler, guard, handler.fn, "services" in wanted)


def _is_plain(scope: Scope) -> bool:
    """A GET, for a host by a name that is one."""
    if str(cast("dict[str, Any]", scope)["method"]) != "GET":
        return False
    host = next((value for name, value in scope["headers"] if name == b"host"), b"")
    return _HOST.fullmatch(host) is not None
