"""`/unggahan`: a document in parts, for slow links. The core of tus 1.0 and its creation extension.

Source: tus resumable upload protocol 1.0.0, "Core Protocol", "Creation", "Expiration".
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from email.utils import format_datetime
from typing import Any, Final

from litestar import Request, Response, head, patch, post
from litestar.params import FromPath

from bubuh.core.ids import derived_id, read_id, show_id
from bubuh.documents.model import LIMIT_BYTES, PartialUpload
from bubuh.documents.parts import append, begin, standing
from bubuh.documents.refusals import UploadOffset
from bubuh.edge.bodies import check_media_type, pieces
from bubuh.edge.disposition import tidy
from bubuh.edge.guards import SignedIn
from bubuh.edge.refusals import BodyTooSlow, ClientGone, TusVersion, UnreadableRequest
from bubuh.identity.people.sessions import see_it_stands
from bubuh.waitingroom.lanes import Errand
from bubuh.web.browser import browser_of
from bubuh.web.forms import read_token
from bubuh.web.frame import Parts, session_of

AnyRequest = Request[Any, Any, Any]
Reply = Response[None]

VERSION: Final = "1.0.0"
PATH: Final = "/unggahan"
PREFIX: Final = "upl"
_ROUTE: Final = f"POST {PATH}"
_OFFSETS: Final = "application/offset+octet-stream"
_FIGURE: Final = re.compile(r"[0-9]{1,15}", re.ASCII)


@post(PATH, guards=[SignedIn(errand=Errand.STAMP)], status_code=201)
async def post_upload_room(request: AnyRequest, services: Parts) -> Reply:
    """Creation. The form's token is in the metadata: the same file of the same form is the same upload."""
    _check_version(request)
    size_bytes, told = _figure(request, "upload-length"), _metadata(request)
    key = read_token(services.form_key, browser_of(request).forms, told.get("token", ""))
    name = tidy(told.get("filename", ""))
    account_id = session_of(request).account_id
    upload = await begin(
        account_id,
        derived_id(account_id, _ROUTE, f"{key} {size_bytes} {name}"),
        size_bytes=size_bytes,
        name=name,
        db=services.db,
        objects=services.objects,
        store_key=services.store_key,
    )
    return _reply(upload, 201, location=f"{PATH}/{show_id(PREFIX, upload.id)}")


@head(PATH + "/{upload_id:str}", guards=[SignedIn()])
async def head_upload(request: AnyRequest, upload_id: FromPath[str], services: Parts) -> Reply:
    """How far it is."""
    _check_version(request)
    account_id = session_of(request).account_id
    return _reply(await standing(account_id, read_id(PREFIX, upload_id), db=services.db), 200)


@patch(PATH + "/{upload_id:str}", guards=[SignedIn()], status_code=200)
async def patch_upload(request: AnyRequest, upload_id: FromPath[str], services: Parts) -> Reply:
    """Go on with it. Of a body that breaks off, what came is kept."""
    _check_version(request)
    check_media_type(request, _OFFSETS)
    offset, account_id = _figure(request, "upload-offset"), session_of(request).account_id
    upload = await standing(account_id, read_id(PREFIX, upload_id), db=services.db)
    if offset != upload.received_bytes:
        raise UploadOffset(offset=upload.received_bytes)
    async with request.app.state.uploads.one(str(account_id)):
        data, broken = await _what_came(request)
        await see_it_stands(services.db, session_of(request))
        upload = await append(
            upload, data, db=services.db, objects=services.objects, store_key=services.store_key
        )
    if broken is not None:
        raise broken
    return _reply(upload, 204)


HANDLERS: Final = [post_upload_room, head_upload, patch_upload]


async def _what_came(request: AnyRequest) -> tuple[bytes, ClientGone | BodyTooSlow | None]:
    """The body, and why it is not whole when it is not."""
    came: list[bytes] = []
    try:
        async for piece in pieces(request, limit_bytes=LIMIT_BYTES):
            came.append(piece)  # noqa: PERF401 -- what came before it broke off counts
    except (ClientGone, BodyTooSlow) as broken:
        return b"".join(came), broken
    return b"".join(came), None


def _check_version(request: AnyRequest) -> None:
    if request.headers.get("tus-resumable") != VERSION:
        raise TusVersion(version=VERSION)


def _figure(request: AnyRequest, header: str) -> int:
    text = request.headers.get(header, "")
    if _FIGURE.fullmatch(text) is None:
        raise UnreadableRequest(expected="a number of bytes", parameter=header)
    return int(text)


def _metadata(request: AnyRequest) -> Mapping[str, str]:
    """`Upload-Metadata`: names, each with a value in base 64."""
    pairs = [pair.strip().partition(" ") for pair in request.headers.get("upload-metadata", "").split(",")]
    try:
        return {
            name: base64.b64decode(value, validate=True).decode("utf-8", "replace")
            for name, _, value in pairs
        }
    except ValueError as error:
        raise UnreadableRequest(expected="base 64", parameter="upload-metadata") from error


def _reply(upload: PartialUpload, status: int, *, location: str | None = None) -> Reply:
    headers = {
        "tus-resumable": VERSION,
        "upload-offset": str(upload.received_bytes),
        "upload-length": str(upload.size_bytes),
        "upload-expires": format_datetime(upload.expires_at, usegmt=True),
        "cache-control": "no-store",
    }
    if location is not None:
        headers["location"] = location
    return Response(content=None, status_code=status, headers=headers)
