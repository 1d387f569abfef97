"""The public pages: front, serial number, API; the choice of language; and the files that pages need."""

from __future__ import annotations

from typing import Any, Final

from litestar import MediaType, Request, Response, get
from litestar.params import FromPath

from bubuh.core.money import price_idr
from bubuh.edge.answers import language_of
from bubuh.edge.cookies import LANGUAGE, cookies_of
from bubuh.edge.guards import DevelopmentOnly, Public, Visitor
from bubuh.edge.refusals import RouteUnknown
from bubuh.edge.words import Language
from bubuh.stamping.refusals import SerialUnknown
from bubuh.verification.look_up import look_up
from bubuh.verification.model import SerialFacts
from bubuh.web.files import STATIC
from bubuh.web.frame import Page, Parts, go_to, inner_path, show
from bubuh.web.room.deadline import page_of

AnyRequest = Request[Any, Any, Any]

_SHORTLY: Final = {"Cache-Control": "public, max-age=60"}
_FOR_EVER: Final = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "accept-encoding"}
_A_YEAR_S: Final = 31_536_000


@get("/", guards=[Visitor()], media_type=MediaType.HTML)
async def get_landing(request: AnyRequest, services: Parts) -> Page:
    """What this is, and where to go on; under a deadline's own host name, its page."""
    if (name := services.hosts.get(request.headers.get("host", "").partition(":")[0].lower())) is not None:
        return await page_of(request, services, name, home=services.public_url)
    standing = await services.standing.soon()
    return show(request, "landing.html", standing=standing, price_idr=price_idr(1))


@get("/s/{serial_no:str}", guards=[Visitor("serials")], media_type=MediaType.HTML)
async def get_serial_page(request: AnyRequest, serial_no: FromPath[str], services: Parts) -> Page:
    """Where a stamp's QR leads: what is known of its number, and that the number alone proves nothing."""
    try:
        found = await look_up(services.db, services.serial_key, serial_no.strip().upper())
    except SerialUnknown:
        return show(request, "serial.html", status=404, found=False, serial_no=None)
    return show(request, "serial.html", **_serial_facts(found))


@get("/bahasa/{language:str}", guards=[Visitor()], media_type=MediaType.HTML)
async def get_language(request: AnyRequest, language: FromPath[str], services: Parts) -> Page:
    """Read in this language from now on, and go back to where the reader was."""
    if language not in set(Language):
        raise RouteUnknown
    cookie = cookies_of(services.public_url).put(LANGUAGE, language, max_age_s=_A_YEAR_S)
    return go_to(request, inner_path(request.query_params.get("ke", ""), "/"), cookies=[cookie])


@get("/docs", guards=[Public("pages")], media_type=MediaType.HTML)
async def get_docs(request: AnyRequest) -> Page:
    """The API for people; in the language that `lang` or the browser asks for."""
    asked = request.query_params.get("lang")
    language = Language(asked) if asked in set(Language) else language_of(request)
    headers = _SHORTLY | {"Vary": "accept-language", "Content-Language": str(language)}
    return Response(content=request.app.state.reference[language], media_type=MediaType.HTML, headers=headers)


@get("/dev/letters", guards=[DevelopmentOnly()], media_type=MediaType.HTML)
async def get_letters(request: AnyRequest, services: Parts) -> Page:
    """What the development sender was given to send. Only in a development data folder, on this machine."""
    return show(request, "letters.html", letters=services.letters())


@get("/static/{name:str}", guards=[Public("pages")])
async def get_static(request: AnyRequest, name: FromPath[str]) -> Page:
    """A file that never changes under its name, compressed as its reader takes it."""
    file = STATIC.get(name)
    if file is None:
        raise RouteUnknown
    content, encoding = file.encoded(request.headers.get("accept-encoding", ""))
    headers = _FOR_EVER | ({} if encoding is None else {"Content-Encoding": encoding})
    return Response(content=content, media_type=file.media_type, headers=headers)


HANDLERS = [get_landing, get_serial_page, get_language, get_docs, get_letters, get_static]


def _serial_facts(found: SerialFacts) -> dict[str, Any]:
    return {
        "found": True,
        "serial_no": found.serial_no,
        "affixed_at": found.affixed_at,
        "digest": found.digest.hex(),
    }
