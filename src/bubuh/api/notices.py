"""Where payment gateways tell us of money. Kept raw and answered at once; a job of the worker acts on it."""

from __future__ import annotations

import msgspec
from litestar import post
from litestar.params import FromPath

from bubuh.api.reply import AnyRequest, Parts, Reply, reply
from bubuh.core.clock import utc_now
from bubuh.edge.bodies import whole
from bubuh.edge.guards import Inbox, note_forgery
from bubuh.payments.model import MAX_NOTICE_BYTES
from bubuh.payments.ports import find_gateway
from bubuh.payments.refusals import NoticeForged
from bubuh.payments.take_notice import take_notice


class NoticeKept(msgspec.Struct, frozen=True, kw_only=True):
    """We have it; do not send it again."""

    received: bool = True


@post("/gateway/{gateway:str}/notices", guards=[Inbox()], status_code=200)
async def create_notice(request: AnyRequest, gateway: FromPath[str], services: Parts) -> Reply:
    """Keep a gateway's notice, byte for byte, at most 64 KiB of it."""
    found = find_gateway(services.gateways, gateway)
    raw = await whole(request, limit_bytes=MAX_NOTICE_BYTES)
    try:
        await take_notice(
            raw,
            dict(request.headers),
            gateway=found,
            db=services.db,
            now=utc_now(),
            batch=services.notice_batch,
        )
    except NoticeForged:
        note_forgery(request)
        raise
    return reply(NoticeKept())


HANDLERS = [create_notice]
