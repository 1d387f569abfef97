"""What a handler says about itself beyond its signature: the source of the OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from litestar.handlers import HTTPRouteHandler

from bubuh.core.errors import Refusal

PDF: Final = "application/pdf"
OCTETS: Final = "application/octet-stream"
JSON: Final = "application/json"
SVG: Final = "image/svg+xml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A query parameter or request header."""

    name: str
    where: str = "query"
    description: str
    schema: Mapping[str, Any]
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A body: of a request or of an answer."""

    media_type: str = JSON
    shape: type[msgspec.Struct] | None = None  #: None: bytes
    example: Any = None
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One good way for a call to end."""

    says: str
    body: Body | None = None
    headers: Mapping[str, str] = field(default_factory=dict)  #: name to what it says


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of the API; what it does stands in its handler's docstring."""

    summary: str
    summary_id: str  #: the same in Indonesian
    tag: str
    answers: Mapping[int, Answer]
    body: Body | None = None
    parameters: tuple[Parameter, ...] = ()
    creates: bool = False  #: needs an Idempotency-Key
    waits: bool = False  #: honours `Prefer: wait=N`
    refusals: tuple[type[Refusal], ...] = ()  #: its own, beyond those every call of its kind may meet


def told(call: Call) -> dict[str, Any]:
    """The `opt` of a handler that stands in the OpenAPI document."""
    return {"call": call}


def call_of(handler: HTTPRouteHandler) -> Call | None:
    """What `handler` told; None for pages and files."""
    call = handler.opt.get("call")
    assert call is None or isinstance(call, Call)
    return call
