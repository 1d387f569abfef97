"""Register, sign in, and everything about one's own account: each page's handler beside its template."""

from __future__ import annotations

from typing import Final

from litestar.handlers import HTTPRouteHandler

from bubuh.web.account import code, overview, own_data, password, pin, register, security, sign_in

HANDLERS: Final[list[HTTPRouteHandler]] = [
    *register.HANDLERS,
    *code.HANDLERS,
    *sign_in.HANDLERS,
    *password.HANDLERS,
    *overview.HANDLERS,
    *pin.HANDLERS,
    *security.HANDLERS,
    *own_data.HANDLERS,
]
