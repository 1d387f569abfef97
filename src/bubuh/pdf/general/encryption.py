"""Encrypted documents that anyone may open: read them, and append to them without chance.

AES-CBC wants a fresh vector for each string; the library draws it at random, and two plans of one intent
would differ. Here it is derived, as `bubuh.pdf.cipher` says.
"""

from __future__ import annotations

import types
from typing import Any

from pyhanko.pdf_utils.crypt import AuthStatus, SecurityHandler, StandardSecurityHandler
from pyhanko.pdf_utils.crypt.filter_mixins import AESCryptFilterMixin, AESGCMCryptFilterMixin
from pyhanko.pdf_utils.reader import PdfFileReader

from bubuh.pdf.cipher import with_derived_vector


def opens_for_anyone(reader: PdfFileReader) -> bool:
    """Whether the empty user password opens the document, in a way that we can append in; opens it."""
    handler = reader.security_handler
    if not isinstance(handler, StandardSecurityHandler) or handler.pdf_mac_enabled:
        return False
    if reader.decrypt("").status is AuthStatus.FAILED:
        return False
    return not any(isinstance(cipher, AESGCMCryptFilterMixin) for cipher in _ciphers(handler))


def without_chance(handler: SecurityHandler, seed: bytes) -> None:
    """Let `handler` encrypt the same under the same key, `seed` and plaintext."""

    def encrypt(self: Any, key: bytes, plaintext: bytes, params: Any = None) -> bytes:
        del self, params
        return with_derived_vector(key, seed, plaintext)

    for cipher in _ciphers(handler):
        if isinstance(cipher, AESCryptFilterMixin):
            vars(cipher)["encrypt"] = types.MethodType(encrypt, cipher)


def _ciphers(handler: SecurityHandler) -> tuple[Any, Any]:
    return handler.get_string_filter(), handler.get_stream_filter()
