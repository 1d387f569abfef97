"""Forms: read within a limit, and carried out once, however often the button is tapped.

Each form that is shown holds a token: a fresh nonce and a MAC that binds it to the browser it was shown to
and the account that was acted for there. A post without one is refused, so no other site can write in a
visitor's name, and a form left open in another tab does nothing for an account it was not shown for; and the
nonce is the act's idempotency key, so that a double tap or the back button repeats nothing.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

from litestar import Request
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from bubuh.edge.bodies import check_media_type, pieces, whole
from bubuh.edge.disposition import tidy
from bubuh.edge.refusals import FormExpired, UnreadableRequest
from bubuh.web.browser import browser_of

AnyRequest = Request[Any, Any, Any]

LIMIT_BYTES: Final = 16 * 1024
TOKEN: Final = "token"  # noqa: S105 -- the name of a field

_MOST_FIELDS: Final = 64
_NONCE_BYTES: Final = 16
_MAC_BYTES: Final = 16
_Parts = AsyncIterator[MultipartSegment | bytes | None]  # None ends a part
_OVERHEAD_BYTES: Final = 64 * 1024  # of a multipart body, around its file


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form that was sent. `key` is the same for every repetition of it."""

    fields: Mapping[str, str]
    key: str

    def text(self, name: str, *, most: int = 200) -> str:
        """The field's text, without space around it; "" when it is not there; cut at `most` characters."""
        return self.fields.get(name, "").strip()[:most]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileForm:
    """A form with a file, whose bytes are still to be read. Fields after it are known once they are."""

    form: Form
    name: str  #: the file's own, tidied; "" when none was chosen
    chunks: AsyncIterator[bytes]


def fresh_token(key: bytes, browser: str) -> str:
    """A new token for a form shown to `browser`."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return base64.urlsafe_b64encode(nonce + _mac(key, browser, nonce)).rstrip(b"=").decode()


def read_token(key: bytes, browser: str, token: str) -> str:
    """The idempotency key in a token that was shown to `browser`; raises `FormExpired`."""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        raise FormExpired from error
    nonce, mac = raw[:_NONCE_BYTES], raw[_NONCE_BYTES:]
    if not hmac.compare_digest(mac, _mac(key, browser, nonce)):
        raise FormExpired
    return nonce.hex()


async def read_form(request: AnyRequest) -> Form:
    """The form in the body, at most 16 KiB; raises as `edge.bodies` does, and `FormExpired`."""
    check_media_type(request, "application/x-www-form-urlencoded")
    body = await whole(request, limit_bytes=LIMIT_BYTES)
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise UnreadableRequest(expected="a form (application/x-www-form-urlencoded)") from error
    return _checked(request, dict(pairs))


@asynccontextmanager
async def read_file_form(request: AnyRequest, *, limit_bytes: int) -> AsyncIterator[FileForm]:
    """A form with one file of at most `limit_bytes`, of which nothing is read before the token.

    Source: RFC 7578. Raises as `edge.bodies` does, and `FormExpired`.
    """
    check_media_type(request, "multipart/form-data")
    _, options = parse_options_header(request.headers.get("content-type", ""))
    body = pieces(request, limit_bytes=limit_bytes + _OVERHEAD_BYTES)
    parts = _parts(body, options.get("boundary", ""))
    fields: dict[str, str] = {}
    name = await _read_fields(parts, fields)
    yield FileForm(form=_checked(request, fields), name=name or "", chunks=_file(parts, fields))


async def _read_fields(parts: _Parts, fields: dict[str, str]) -> str | None:
    """Read fields until a file begins: its name, tidied. None: there is no further file."""
    field = ""
    async for part in parts:
        if isinstance(part, MultipartSegment):
            if part.filename is not None:
                return tidy(part.filename) if part.filename else ""
            field = part.name or ""
        elif part:
            fields[field] = fields.get(field, "") + part.decode("utf-8", "replace")
            if len(fields[field]) > LIMIT_BYTES:
                raise UnreadableRequest(expected="short fields beside the file")
    return None


async def _file(parts: _Parts, fields: dict[str, str]) -> AsyncIterator[bytes]:
    """The rest of the part that `parts` stands in; then the fields after it."""
    async for part in parts:
        if not isinstance(part, bytes | bytearray):
            break
        if part:
            yield bytes(part)
    await _read_fields(parts, fields)


async def _parts(body: AsyncIterator[bytes], boundary: str) -> _Parts:
    try:
        parser = PushMultipartParser(boundary, max_segment_count=_MOST_FIELDS, max_segment_size=2**31)
        with parser:
            async for piece in body:
                for part in parser.parse(piece):
                    yield part
    except (MultipartError, ValueError) as error:
        raise UnreadableRequest(expected="a form with a file (RFC 7578)") from error


def _checked(request: AnyRequest, fields: Mapping[str, str]) -> Form:
    if any("\0" in text for text in fields.values()):
        raise UnreadableRequest(expected="text without U+0000")
    key = read_token(request.app.state.services.form_key, browser_of(request).forms, fields.get(TOKEN, ""))
    return Form(fields=fields, key=key)


def _mac(key: bytes, browser: str, nonce: bytes) -> bytes:
    return hmac.digest(key, b"form 1\0" + browser.encode() + b"\0" + nonce, hashlib.sha256)[:_MAC_BYTES]
