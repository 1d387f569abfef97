"""How results are shown: JSON of a view, the parameters that lists share, and what handlers are handed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

import msgspec
from litestar import Request, Response
from litestar.di import NamedDependency, Provide
from litestar.params import SkipValidation

from bubuh.edge.calls import JSON, Parameter
from bubuh.edge.exchange import exchange_of
from bubuh.edge.preferences import read_idempotency_key
from bubuh.edge.refusals import UnreadableRequest
from bubuh.edge.services import Services
from bubuh.identity.model import Principal

AnyRequest = Request[Any, Any, Any]
Reply = Response[bytes]
Parts = SkipValidation[Services]
Caller = SkipValidation[Principal]
ClientKey = NamedDependency[str]

REPLAYED: Final = "Idempotent-Replayed"
MOST_ITEMS: Final = 200
USUAL_ITEMS: Final = 50

LIST_PARAMETERS: Final = (
    Parameter(
        name="limit",
        description=f"How many at most; {USUAL_ITEMS} when not said.",
        schema={"type": "integer", "minimum": 1, "maximum": MOST_ITEMS, "default": USUAL_ITEMS},
    ),
    Parameter(
        name="after",
        description="`next_cursor` of the page before.",
        schema={"type": "string", "minLength": 1, "maxLength": 100},
    ),
)

Item = TypeVar("Item")


class Shown(Protocol):
    """A cursor, of whatever kind."""

    def show(self) -> str:
        """Its text."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Which part of a list is wanted."""

    after: str | None  #: the cursor as it was sent, for its list to read
    limit: int

    def cut(
        self, items: Sequence[Item], cursor_of: Callable[[Item], Shown]
    ) -> tuple[Sequence[Item], str | None]:
        """The page out of `items` (one more than `limit` was asked for), and where the next goes on."""
        page = items[: self.limit]
        return page, cursor_of(page[-1]).show() if len(items) > self.limit else None


def read_page(request: AnyRequest) -> Page:
    """The `limit` and `after` of a list; raises `UnreadableRequest`."""
    return Page(after=request.query_params.get("after"), limit=_limit(request))


def reply(view: msgspec.Struct, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """`view` as JSON."""
    return Response(
        content=msgspec.json.encode(view), status_code=status, media_type=JSON, headers=dict(headers or {})
    )


def replay_header(*, replayed: bool) -> dict[str, str]:
    """Tells that the request had been carried out before."""
    return {REPLAYED: "true"} if replayed else {}


def provide_principal(request: AnyRequest, services: Parts) -> Principal:
    """Who calls; the guard has found out."""
    del services  # asked for so that the two are provided in turn: see DEPENDENCIES
    principal = exchange_of(request.scope).principal
    assert principal is not None, "a handler that wants a principal bears a May guard"
    return principal


def provide_services(request: AnyRequest) -> Services:
    """The parts of this process."""
    services = request.app.state.services
    assert isinstance(services, Services)
    return services


def provide_idempotency_key(request: AnyRequest, principal: Caller) -> str:
    """The client's key for this request; raises `IdempotencyKeyRequired`."""
    del principal  # as above
    return read_idempotency_key(request.headers.get("idempotency-key"))


#: Each wants the one before: what could be provided side by side, the framework starts a task for each.
DEPENDENCIES: Final = {
    "principal": Provide(provide_principal, sync_to_thread=False),
    "services": Provide(provide_services, sync_to_thread=False),
    "idempotency_key": Provide(provide_idempotency_key, sync_to_thread=False),
}


def _limit(request: AnyRequest) -> int:
    given = request.query_params.get("limit", str(USUAL_ITEMS))
    if given.isascii() and given.isdigit() and len(given) < 10 and 1 <= int(given) <= MOST_ITEMS:
        return int(given)
    raise UnreadableRequest(expected=f"a number from 1 to {MOST_ITEMS}", parameter="limit")
