"""Accounts that several people act for: choose one, found one, say who is in it, join and leave."""

from __future__ import annotations

from typing import Final

from litestar.handlers import HTTPRouteHandler

from bubuh.web.organisation import accounts, found, invitation, invite, leave, member, members

HANDLERS: Final[list[HTTPRouteHandler]] = [
    *accounts.HANDLERS,
    *found.HANDLERS,
    *members.HANDLERS,
    *member.HANDLERS,
    *invite.HANDLERS,
    *invitation.HANDLERS,
    *leave.HANDLERS,
]
