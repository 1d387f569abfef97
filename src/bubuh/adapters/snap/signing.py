"""What SNAP signs, and how: RSA for tokens (and some notices), HMAC-SHA512 for everything else.

Source: Bank Indonesia and ASPI, Standar Nasional Open API Pembayaran, technical and security standard, as
told by docs.payermax.com (SNAP signature guide) and developers.doku.com (symmetric signature); read
2026-11-22.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

_BLANK: Final = frozenset(b" \t\r\n")
_QUOTE, _ESCAPE = b'"'[0], b"\\"[0]


def minify(body: bytes) -> bytes:
    """JSON without the blanks between its tokens; nothing is decoded, sorted or written anew."""
    kept = bytearray()
    in_text = escaped = False
    for byte in body:
        if in_text:
            kept.append(byte)
            in_text = escaped or byte != _QUOTE
            escaped = not escaped and byte == _ESCAPE
        elif byte not in _BLANK:
            kept.append(byte)
            in_text = byte == _QUOTE
    return bytes(kept)


def token_text(client_key: str, timestamp: str) -> bytes:
    """What is signed by RSA to get a token."""
    return f"{client_key}|{timestamp}".encode()


def call_text(method: str, path: str, token: str, body: bytes, timestamp: str) -> bytes:
    """What is signed by HMAC in a call with a token; `path` has neither host nor query."""
    digest = hashlib.sha256(minify(body)).hexdigest()
    return f"{method}:{path}:{token}:{digest}:{timestamp}".encode()


def notice_text(method: str, path: str, body: bytes, timestamp: str) -> bytes:
    """What is signed by RSA in a notice without a token."""
    digest = hashlib.sha256(minify(body)).hexdigest()
    return f"{method}:{path}:{digest}:{timestamp}".encode()


def sign_rsa(key: RSAPrivateKey, text: bytes) -> str:
    """SHA256withRSA (PKCS #1 v1.5), base64."""
    return base64.b64encode(key.sign(text, PKCS1v15(), hashes.SHA256())).decode()


def is_rsa(key: RSAPublicKey, text: bytes, signature: str) -> bool:
    """Whether `key` signed `text`."""
    try:
        key.verify(base64.b64decode(signature, validate=True), text, PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def sign_hmac(secret: str, text: bytes) -> str:
    """HMAC-SHA512, base64."""
    return base64.b64encode(hmac.digest(secret.encode(), text, "sha512")).decode()


def is_hmac(secret: str, text: bytes, signature: str) -> bool:
    """Whether `secret` signed `text`."""
    return hmac.compare_digest(sign_hmac(secret, text).encode(), signature.encode("utf-8", "replace"))
