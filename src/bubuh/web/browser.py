"""Which browser a request comes from: what its forms are bound to, and the language it reads."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from litestar import Request

from bubuh.edge.answers import language_of
from bubuh.edge.cookies import LANGUAGE, Cookies, cookies_of, value_of
from bubuh.edge.exchange import exchange_of
from bubuh.edge.words import Language

AnyRequest = Request[Any, Any, Any]
_KEPT: Final = "browser"
_LANGUAGES: Final[Mapping[str, Language]] = {str(language): language for language in Language}


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """A browser, by the secret that it alone sends us."""

    secret: str  #: of its session when somebody is signed in, else its own
    forms: str  #: what its forms are bound to: the secret, and the account that is acted for
    is_new: bool  #: it came without a secret, and is given this one with the answer
    cookies: Cookies
    language: Language


def browser_of(request: AnyRequest) -> Browser:
    """The browser behind `request`; the same for as long as the request is answered."""
    found = request.scope["state"].get(_KEPT)
    if not isinstance(found, Browser):
        found = request.scope["state"][_KEPT] = _look(request)
    return found


def _look(request: AnyRequest) -> Browser:
    cookies = cookies_of(request.app.state.services.public_url)
    session = exchange_of(request.scope).session
    name = cookies.visitor if session is None else cookies.session
    sent = value_of(request.cookies, name)
    secret = sent or secrets.token_urlsafe(32)
    return Browser(
        secret=secret,
        forms=secret if session is None else f"{secret} {session.account_id}",
        is_new=sent is None,
        cookies=cookies,
        language=_language(request),
    )


def _language(request: AnyRequest) -> Language:
    chosen = request.cookies.get(LANGUAGE)
    return _LANGUAGES.get(chosen or "") or language_of(request)
