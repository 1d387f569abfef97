"""The whole application over nothing: for what is answered before any part is asked."""

from __future__ import annotations

from functools import cache
from typing import Any

import httpx
from litestar import Litestar

from bubuh.asgi import create_app
from bubuh.core.errors import DatabaseUnavailable
from bubuh.edge.limits import Rates
from bubuh.edge.services import Services
from bubuh.identity.model import Environment
from bubuh.quota.standing import StandingBoard

LOOPBACK = ("127.0.0.1", 50_000)
BASE = "http://127.0.0.1:8000"


async def unwell() -> bool:
    return False


class Unreachable:
    """Where the database is not."""

    def connection(self) -> None:
        raise DatabaseUnavailable


def bare_app(
    *, environment: Environment = Environment.TEST, public_url: str = BASE, **parts: Any
) -> Litestar:
    nothing = dict.fromkeys(
        (
            "db",
            "sandbox",
            "objects",
            "store_key",
            "gateways",
            "accept_batch",
            "ringer",
            "doorbell",
            "serial_key",
            "trust",
            "person_key",
            "hasher",
        )
    )
    nobody = StandingBoard(Unreachable())  # type: ignore[arg-type]
    given: dict[str, Any] = {
        "signer_health": unwell,
        "standing": nobody,
        "rates": Rates(),
        "form_key": bytes(32),
        "letters": list,
        **nothing,
        **parts,
    }
    return create_app(Services(environment=environment, public_url=public_url, **given))


@cache
def plain_app() -> Litestar:
    """The same one for all who leave it as it was: making one takes a fifth of a second."""
    return bare_app()


def client_of(
    app: Litestar, *, client: tuple[str, int] = LOOPBACK, base_url: str = BASE
) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, client=client, raise_app_exceptions=False)  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url=base_url)
