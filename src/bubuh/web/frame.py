"""The frame around every page: its headers, its language, who is signed in, and the tokens of its forms."""

from __future__ import annotations

import re
import zlib
from collections.abc import Hashable, Iterable, Mapping
from typing import Any, Final

from litestar import MediaType, Request, Response
from litestar.datastructures import Cookie
from litestar.params import SkipValidation

from bubuh.edge.exchange import exchange_of
from bubuh.edge.kept import keep
from bubuh.edge.services import Services
from bubuh.edge.words import Language
from bubuh.identity.model import Environment
from bubuh.identity.people.model import Session
from bubuh.web.browser import browser_of
from bubuh.web.files import render
from bubuh.web.forms import fresh_token
from bubuh.web.mould import Mould
from bubuh.web.shown import SHOWN
from bubuh.web.words import Voice, voice

Page = Response[bytes]
AnyRequest = Request[Any, Any, Any]
Parts = SkipValidation[Services]

#: Scripts and styles come from files of ours alone; a form leads back here. `same-origin` and not
#: `no-referrer`: with that one browsers hide the origin of a form, and we look at it.
HEADERS: Final[Mapping[str, str]] = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "same-origin",
    "vary": "accept-language, accept-encoding, cookie",
}
_GZIP_FROM_BYTES: Final = 600
_GZIP_LEVEL: Final = 3  # half the time of 6, for a page that is a thirtieth larger
_GZIP_FORM: Final = 16 + zlib.MAX_WBITS  # RFC 1952, without a time
_GZIP_MEMORY: Final = 7  # 8, the default, takes three times as long: so much has to be set up anew each time


def show(
    request: AnyRequest,
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **facts: object,
) -> Page:
    """The page `template` for this reader. Nothing of it is kept by caches."""
    browser, services = browser_of(request), request.app.state.services
    told = {
        "here": request.scope["path"],
        "session": exchange_of(request.scope).session,
        "level": int(services.brownout.level),
        "is_test": services.environment is Environment.TEST,
        "status_url": services.status_url,
        "token": lambda: fresh_token(services.form_key, browser.forms),
        "request_id": exchange_of(request.scope).request_id,
        "errors": {},
        **SHOWN[browser.language],
        **facts,
    }
    return page(request, render(template, told, browser.language), status=status, headers=headers)


def show_filled(request: AnyRequest, mould: Mould, *texts: str, **facts: Hashable) -> Page:
    """The page that comes of `mould`, whose last hole is `session.account_name`, for who is signed in.

    What a mould is rendered with is kept and shown to others. So it gets nothing that is one reader's: a
    template with a form's token, or the request's id, stops at its first page.
    """
    session, services = session_of(request), parts_of(request)
    told = mould.fill(
        language_here(request),
        (*texts, session.account_name),
        **facts,
        **{"session.account_kind": str(session.account_kind)},
        here=request.scope["path"],
        level=int(services.brownout.level),
        is_test=services.environment is Environment.TEST,
        status_url=services.status_url,
        errors=None,
    )
    return page(request, told.encode())


def page(
    request: AnyRequest, content: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Page:
    """Rendered HTML, in the frame's headers, compressed where that helps."""
    browser = browser_of(request)
    told = {**HEADERS, "content-language": str(browser.language), **(headers or {})}
    if len(content) >= _GZIP_FROM_BYTES and "gzip" in request.headers.get("accept-encoding", ""):
        content, told["content-encoding"] = _compressed(content), "gzip"
    answer = Response(content=content, status_code=status, media_type=MediaType.HTML, headers=told)
    answer = _marked(request, answer)
    keep(request, answer)
    return answer


def go_to(request: AnyRequest, path: str, *, cookies: Iterable[Cookie] = ()) -> Page:
    """Have the browser fetch `path` next: what a form's answer is, so that reloading repeats nothing."""
    assert path.startswith("/"), "we lead nobody elsewhere"
    assert not path.startswith(("//", "/\\")), "nor to another host"
    answer = Response(
        content=b"", status_code=303, headers={**HEADERS, "location": path}, cookies=list(cookies)
    )
    return _marked(request, answer)


def go_to_gate(request: AnyRequest, address: str) -> Page:
    """Have the browser fetch `address` of the gate next, which may be on a host of its own."""
    return _marked(request, Response(content=b"", status_code=303, headers={**HEADERS, "location": address}))


def parts_of(request: AnyRequest) -> Services:
    """The services, for a handler that is asked for them too often to have them handed in."""
    services = request.app.state.services
    assert isinstance(services, Services)
    return services


def session_of(request: AnyRequest) -> Session:
    """The session of who asks; the guard has seen that there is one."""
    session = exchange_of(request.scope).session
    assert session is not None, "a page of one's own bears a SignedIn guard"
    return session


def inner_path(text: str, otherwise: str) -> str:
    """`text` when it is a path of this site, to be led to; else `otherwise`."""
    return text if re.fullmatch(r"/[A-Za-z0-9_-][A-Za-z0-9_/.-]{0,150}", text, re.ASCII) else otherwise


def say(request: AnyRequest) -> Voice:
    """What puts words into this reader's language."""
    return voice(language_here(request))


def language_here(request: AnyRequest) -> Language:
    """The language this reader reads."""
    return browser_of(request).language


def _compressed(content: bytes) -> bytes:
    work = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP_FORM, _GZIP_MEMORY)
    return work.compress(content) + work.flush()


def _marked(request: AnyRequest, answer: Page) -> Page:
    """Give a browser that came without a secret its own: the forms on this page are bound to it."""
    browser = browser_of(request)
    if browser.is_new:
        answer.cookies.append(browser.cookies.put(browser.cookies.visitor, browser.secret))
    return answer
