"""The web application: every handler, behind guards, dressed by the edge."""

from __future__ import annotations

from typing import Final

import msgspec
from litestar import Litestar, Router
from litestar.datastructures import State

from bubuh import __version__
from bubuh.api import (
    bank_calls,
    complaints,
    development,
    documents,
    health,
    meta,
    notices,
    orders,
    public,
    quota,
    refunds,
    shares,
    stamps,
    transfers,
    turns,
    webhooks,
)
from bubuh.api.notice_lane import NoticeLane
from bubuh.api.openapi import describe
from bubuh.api.reply import DEPENDENCIES
from bubuh.edge.bodies import JSON_LIMIT_BYTES
from bubuh.edge.exchange import ExchangeLayer
from bubuh.edge.guards import guarded
from bubuh.edge.kept import Kept, from_kept
from bubuh.edge.limits import Limiter
from bubuh.edge.services import Services
from bubuh.edge.slots import Slots
from bubuh.edge.words import Language
from bubuh.web import account, buy, help as helping, history, organisation, pages, room, stamp, verify
from bubuh.web.errors import EXCEPTION_HANDLERS
from bubuh.web.reference import reference_page
from bubuh.web.short_way import ShortWay

HANDLERS: Final = [
    *quota.HANDLERS,
    *transfers.HANDLERS,
    *shares.HANDLERS,
    *orders.HANDLERS,
    *refunds.HANDLERS,
    *documents.HANDLERS,
    *complaints.HANDLERS,
    *stamps.HANDLERS,
    *turns.HANDLERS,
    *webhooks.HANDLERS,
    *public.HANDLERS,
    *development.HANDLERS,
    *notices.HANDLERS,
    *bank_calls.HANDLERS,
    *health.HANDLERS,
    *meta.HANDLERS,
    *pages.HANDLERS,
    *account.HANDLERS,
    *organisation.HANDLERS,
    *buy.HANDLERS,
    *stamp.HANDLERS,
    *history.HANDLERS,
    *helping.HANDLERS,
    *verify.HANDLERS,
    *room.HANDLERS,
]


def create_app(services: Services) -> Litestar:
    """The application over `services`; fails when a route has no guard."""
    app = Litestar(
        route_handlers=[Router(path="/", route_handlers=HANDLERS)],
        dependencies=DEPENDENCIES,
        exception_handlers=EXCEPTION_HANDLERS,
        before_request=from_kept,
        state=State({"services": services, "limiter": Limiter(), "kept": Kept()}),
        request_max_body_size=JSON_LIMIT_BYTES,  # whoever takes more reads its body by `edge.bodies`
        openapi_config=None,
        logging_config=None,
        debug=False,
    )
    guarded(app.routes)
    document = describe(app.routes, public_url=services.public_url, version=__version__)
    app.state.openapi = msgspec.json.encode(document)
    app.state.reference = {
        language: reference_page(document, language, status_url=services.status_url) for language in Language
    }
    app.state.uploads = Slots(total=24, each=12)  # of people; programs have places of their own
    app.state.program_uploads = Slots(total=16, each=8)
    app.state.verifications = Slots(total=12, each=4)
    short = ShortWay(app.asgi_handler, services, app.routes)
    lane = NoticeLane(short, services, app.state.limiter)
    app.asgi_handler = ExchangeLayer(lane, is_https=services.public_url.startswith("https:"))
    return app
