"""`/kode`: where a code is typed, whatever it is for; what comes next hangs on that."""

from __future__ import annotations

from typing import Any, Final

from litestar import MediaType, Request, get, post
from litestar.params import FromPath

from bubuh.core.clock import utc_now
from bubuh.core.ids import read_id
from bubuh.edge.exchange import exchange_of
from bubuh.edge.guards import Visitor, limit
from bubuh.edge.services import Services
from bubuh.identity.people.model import Challenge, Purpose
from bubuh.identity.people.prove import find_challenge, prove, spend
from bubuh.identity.people.refusals import CodeRefused
from bubuh.web.account.steps import browser_hash, enter
from bubuh.web.errors import words_of
from bubuh.web.forms import read_form
from bubuh.web.frame import Page, Parts, go_to, inner_path, show

AnyRequest = Request[Any, Any, Any]

_NEXT: Final = {
    Purpose.REGISTER: "/daftar/sandi",
    Purpose.RESET: "/sandi/baru",
    Purpose.PIN: "/akun/pin/baru",
}


@get("/kode/{challenge:str}", guards=[Visitor()], media_type=MediaType.HTML)
async def get_code(request: AnyRequest, challenge: FromPath[str], services: Parts) -> Page:
    """Ask for the code that was sent, or the authenticator's."""
    known = await _known(request, services, challenge)
    return _ask(request, known)


@post("/kode/{challenge:str}", guards=[Visitor()], media_type=MediaType.HTML)
async def post_code(request: AnyRequest, challenge: FromPath[str], services: Parts) -> Page:
    """Lead on when the code is right."""
    form = await read_form(request)
    limit(request, "doors", exchange_of(request.scope).client)
    known = await _known(request, services, challenge)
    code = "".join(sign for sign in form.text("code", most=20) if sign.isdigit())
    try:
        await prove(
            services.db,
            known.id,
            code,
            browser_sha256=browser_hash(request),
            key=services.person_key,
            now=utc_now(),
        )
    except CodeRefused as refusal:
        return _ask(request, known, errors={"code": words_of(request, refusal)})
    if known.purpose is Purpose.TOTP:
        assert known.user_id is not None, "an authenticator is somebody's"
        await _spend(services, known)
        to = inner_path(request.query_params.get("ke", ""), "/akun")
        return await enter(request, services, known.user_id, to=to)
    return go_to(request, f"{_NEXT[known.purpose]}/{challenge}")


HANDLERS: Final = [get_code, post_code]


async def _known(request: AnyRequest, services: Services, text: str) -> Challenge:
    return await find_challenge(services.db, read_id("chl", text), browser_sha256=browser_hash(request))


async def _spend(services: Services, challenge: Challenge) -> None:
    """A proved authenticator opens one session."""
    async with services.db.transaction() as conn:
        await spend(conn, challenge)


def _ask(request: AnyRequest, known: Challenge, *, errors: dict[str, str] | None = None) -> Page:
    return show(
        request,
        "account/code.html",
        status=422 if errors else 200,
        purpose=str(known.purpose),
        by_authenticator=known.purpose is Purpose.TOTP,
        query=request.scope["query_string"].decode("ascii", "ignore"),
        errors=errors or {},
    )
