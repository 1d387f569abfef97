"""The pages: the front one, a serial number's, the API's; and the files they need, out of memory."""

from __future__ import annotations

from typing import Any, Final
from zoneinfo import ZoneInfo

from litestar import MediaType, Request, Response, get
from litestar.params import FromPath, SkipValidation

from bubuh.edge.answers import language_of
from bubuh.edge.guards import Public
from bubuh.edge.refusals import RouteUnknown
from bubuh.edge.services import Services
from bubuh.edge.words import Language
from bubuh.identity.model import Environment
from bubuh.stamping.refusals import SerialUnknown
from bubuh.verification.look_up import look_up
from bubuh.verification.model import SerialFacts
from bubuh.web.files import STATIC, render

Page = Response[bytes]
AnyRequest = Request[Any, Any, Any]
Parts = SkipValidation[Services]

JAKARTA: Final = ZoneInfo("Asia/Jakarta")
_SHORTLY: Final = {"Cache-Control": "public, max-age=60"}
_FOR_EVER: Final = {"Cache-Control": "public, max-age=31536000, immutable"}


@get("/", guards=[Public("pages")], media_type=MediaType.HTML)
async def get_landing(services: Parts) -> Page:
    """What this is, and where to go on."""
    standing = await services.standing.soon()
    facts = {
        "language": "id",
        "is_test": services.environment is Environment.TEST,
        "days": None if standing is None else standing.days,
    }
    return _page(render("landing.html", facts), headers=_SHORTLY)


@get("/s/{serial_no:str}", guards=[Public("serials")], media_type=MediaType.HTML)
async def get_serial_page(serial_no: FromPath[str], services: Parts) -> Page:
    """Where a stamp's QR leads: what is known of its number, and that the number alone proves nothing."""
    try:
        found = await look_up(services.db, services.serial_key, serial_no.strip().upper())
    except SerialUnknown:
        facts = {"language": "id", "found": False, "serial_no": None}
        return _page(render("serial.html", facts), status=404)
    return _page(render("serial.html", _serial_facts(found)))


@get("/docs", guards=[Public("pages")], media_type=MediaType.HTML)
async def get_docs(request: AnyRequest) -> Page:
    """The API for people; in the language that `lang` or the browser asks for."""
    asked = request.query_params.get("lang")
    language = Language(asked) if asked in set(Language) else language_of(request)
    return _page(
        request.app.state.reference[language],
        headers=_SHORTLY | {"Vary": "accept-language"},
        language=language,
    )


@get("/static/{name:str}", guards=[Public("pages")])
async def get_static(name: FromPath[str]) -> Page:
    """A file that never changes under its name."""
    file = STATIC.get(name)
    if file is None:
        raise RouteUnknown
    return Response(content=file.data, media_type=file.media_type, headers=_FOR_EVER)


HANDLERS = [get_landing, get_serial_page, get_docs, get_static]


def _serial_facts(found: SerialFacts) -> dict[str, object]:
    return {
        "language": "id",
        "found": True,
        "serial_no": found.serial_no,
        "affixed_at": found.affixed_at.isoformat(timespec="seconds"),
        "shown_at": found.affixed_at.astimezone(JAKARTA).strftime("%d-%m-%Y %H.%M.%S WIB"),
        "digest": found.digest.hex(),
    }


def _page(
    content: bytes,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    language: Language = Language.ID,
) -> Page:
    told = {"Content-Language": str(language), **(headers or {})}
    return Response(content=content, status_code=status, media_type=MediaType.HTML, headers=told)
