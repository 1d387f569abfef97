"""`/periksa`: is this document genuine, and if not, why not; or what is known of a serial number."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from litestar import MediaType, Request, get, post

from bubuh.core.clock import utc_now
from bubuh.edge.exchange import exchange_of
from bubuh.edge.guards import Visitor
from bubuh.edge.refusals import BodyTooLarge
from bubuh.edge.services import Services
from bubuh.edge.verdicts import ADDITIONS, FINDINGS, NO_STAMP, VERDICT_REASONS, VERDICTS
from bubuh.edge.words import Language
from bubuh.stamping.refusals import SerialUnknown
from bubuh.verification.compare import Compared, compare, read_digest
from bubuh.verification.look_up import DatabaseLedger
from bubuh.verification.model import StampVerdict, Verdict, Word
from bubuh.verification.verify import verify
from bubuh.web.errors import words_of
from bubuh.web.forms import read_file_form, read_form
from bubuh.web.frame import Page, Parts, go_to, language_here, say, show

AnyRequest = Request[Any, Any, Any]

LIMIT_BYTES: Final = 16 * 2**20  #: an original of 10 MiB and the stamps on it
MOST_SEALS: Final = 20  #: of one file that are compared

#: this page alone may ask for the camera, to read a code; pictures stay in the browser
_CAMERA: Final = {"permissions-policy": "camera=(self), geolocation=(), microphone=(), payment=()"}
_LOOKS: Final = {Word.GENUINE: "", Word.NOT_GENUINE: "fail", Word.NOT_PROVABLE: "wait"}


@get("/periksa", guards=[Visitor()], media_type=MediaType.HTML)
async def get_verify(request: AnyRequest) -> Page:
    """Ask for the file, or the serial number."""
    return _ask(request)


@post("/periksa", guards=[Visitor("verifications")], media_type=MediaType.HTML)
async def post_verify(request: AnyRequest, services: Parts) -> Page:
    """Judge the file: its seals, then the ledger. Nothing of it is kept."""
    async with request.app.state.verifications.one(exchange_of(request.scope).client):
        try:
            async with read_file_form(request, limit_bytes=LIMIT_BYTES) as sent:
                name, document = sent.name, await _whole(sent.chunks)
        except BodyTooLarge as refusal:
            return _ask(request, status=413, errors={"file": words_of(request, refusal)})
        errors = _wrong(request, document, consent=sent.form.text("consent"))
        if errors:
            return _ask(request, status=422, errors=errors)
        verdict = await verify(
            document,
            sandbox=services.sandbox,
            trust=services.trust(),
            ledger=DatabaseLedger(services.db, services.serial_key),
        )
    told = _told(verdict, language_here(request))
    return show(
        request,
        "verify/verdict.html",
        name=name,
        size_bytes=len(document),
        sha256=hashlib.sha256(document).hexdigest(),
        checked_at=utc_now(),
        **told,
    )


@get("/periksa/sidik", guards=[Visitor("serials")], media_type=MediaType.HTML)
async def get_compare(request: AnyRequest, services: Parts) -> Page:
    """What is known of a file's seals, for the page to fetch: it hashed the file where it lies.

    `s` is `SERIAL.DIGEST`, once a seal in the order of the file; `utuh` is given when the last one's range
    ends where the file does, and nothing after it claims to be a seal.
    """
    asked = [pair.partition(".") for pair in request.query_params.getall("s", [])[:MOST_SEALS]]
    ends = "utuh" in request.query_params
    found = [await _look(services, serial_no, digest) for serial_no, _, digest in asked]
    return show(
        request,
        "verify/compared.html",
        seals=found,
        word=_heard(found, ends=ends),
    )


@post("/periksa/nomor", guards=[Visitor("serials")], media_type=MediaType.HTML)
async def post_serial(request: AnyRequest) -> Page:
    """Lead to the page of a serial number, however it was grouped or written."""
    form = await read_form(request)
    serial_no = re.sub(r"[\s.-]", "", form.text("serial")).upper()
    if re.fullmatch(r"[0-9A-Z]{22}", serial_no, re.ASCII) is None:
        wrong = say(request)("Nomor seri terdiri atas 22 huruf dan angka.")
        return _ask(request, status=422, serial=form.text("serial"), errors={"serial": wrong})
    return go_to(request, f"/s/{serial_no}")


HANDLERS: Final = [get_verify, post_verify, get_compare, post_serial]


async def _look(services: Services, serial_no: str, digest: str) -> Compared | None:
    """What is known of one seal; None: of that number, nothing."""
    try:
        return await compare(services.db, services.serial_key, serial_no.strip().upper(), read_digest(digest))
    except SerialUnknown:
        return None


def _heard(found: Sequence[Compared | None], *, ends: bool) -> str:
    """One word for all: none, unknown, differs, registered, or whole."""
    if not found:
        return "none"
    if any(one is None for one in found):
        return "unknown"
    if not all(one is not None and one.is_registered for one in found):
        return "differs"
    return "whole" if ends else "registered"


def _wrong(request: AnyRequest, document: bytes, *, consent: str) -> dict[str, str]:
    """What is missing before a file may be judged."""
    errors: dict[str, str] = {}
    if not document:
        errors["file"] = say(request)("Pilih berkas PDF dahulu.")
    elif consent != "ya":
        errors["consent"] = say(request)("Setujui dahulu bahwa berkas dikirim untuk diperiksa.")
    return errors


async def _whole(chunks: AsyncIterator[bytes]) -> bytes:
    """The file; raises `BodyTooLarge`."""
    document = bytearray()
    async for chunk in chunks:
        document += chunk
        if len(document) > LIMIT_BYTES:
            raise BodyTooLarge(limit_bytes=LIMIT_BYTES)
    return bytes(document)


def _ask(
    request: AnyRequest, *, status: int = 200, serial: str = "", errors: dict[str, str] | None = None
) -> Page:
    return show(
        request,
        "verify/document.html",
        status=status,
        headers=_CAMERA,
        limit_bytes=LIMIT_BYTES,
        serial=serial,
        errors=errors or {},
    )


def _told(verdict: Verdict, language: Language) -> dict[str, Any]:
    """The verdict in words; the heading says the first of them."""
    said = (VERDICTS[verdict.verdict] if verdict.stamps else NO_STAMP).said(language)
    rest = said.partition(": ")[2] or said
    return {
        "word": str(verdict.verdict),
        "look": _LOOKS[verdict.verdict],
        "explanation": rest[0].upper() + rest[1:],
        "details": [
            *(VERDICT_REASONS[code].said(language) for code in verdict.reasons),
            *(FINDINGS[code].said(language) for code in verdict.findings),
        ],
        "stamps": [_told_stamp(stamp, language) for stamp in verdict.stamps],
    }


def _told_stamp(stamp: StampVerdict, language: Language) -> dict[str, Any]:
    """One stamp; nothing in it says whose it is."""
    return {
        "serial_no": stamp.serial_no,
        "word": str(stamp.verdict),
        "page": stamp.page,
        "affixed_at": stamp.affixed_at,
        "digest": None if stamp.digest is None else stamp.digest.hex(),
        "added": ", ".join(ADDITIONS[kind].said(language) for kind in stamp.added),
    }
