"""RFC 3161 time-stamps: what is asked of an authority, and which of its answers is believed.

The bytes judged here are an authority's, or a stranger's who holds a document of ours: nothing that they
provoke in a library reaches a caller.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from asn1crypto import cms, tsp, x509
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
from pyhanko.sign.validation.status import TimestampSignatureStatus

from bubuh.pdf.general.signatures import context, drive
from bubuh.pdf.seal.der import BOOLEAN, INTEGER, OCTETS, SEQUENCE, elements, inner, oid, tlv
from bubuh.pdf.seal.room import MOST_TOKEN_BYTES

NONCE_BYTES: Final = 16
MOST_CLOCK_LEAD: Final = timedelta(seconds=60)  #: by which an authority's clock may be before ours

_SHA256: Final = tlv(SEQUENCE, oid("2.16.840.1.101.3.4.2.1"))
_TIME_STAMPING: Final = "time_stamping"
_GRANTED: Final = frozenset({0, 1})  #: granted, granted with modifications


class Flaw(StrEnum):
    """Why a time-stamp is not believed."""

    MALFORMED = "malformed"  #: not a DER TimeStampResp with one token, or not a token with one signer
    REFUSED = "refused"  #: the authority's own status says no
    WRONG_NONCE = "wrong_nonce"  #: an answer to another question, perhaps an old one
    WRONG_HASH = "wrong_hash"  #: a time-stamp of something else
    TOO_LARGE = "too_large"  #: longer than the room that is reserved for a token
    FROM_THE_FUTURE = "from_the_future"
    STALE = "stale"  #: fresh by its nonce, and of a time before the question
    BROKEN = "broken"  #: the token's own signature does not hold
    WRONG_PURPOSE = "wrong_purpose"  #: the signer's certificate is not for time-stamps alone, critically
    UNTRUSTED = "untrusted"  #: no path to a root that we were told of


class TokenNotBelieved(Exception):
    """A time-stamp is not what it should be; `flaw` says why."""

    def __init__(self, flaw: Flaw, detail: str = "") -> None:
        super().__init__(flaw, detail)
        self.flaw = flaw


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeStamp:
    """What a believed token says."""

    at: datetime  #: aware
    certificates: tuple[bytes, ...]  #: that came in the token, DER


def request(message: bytes, nonce: bytes) -> bytes:
    """The TimeStampReq (DER) for the SHA-256 of `message`; `nonce` is NONCE_BYTES random bytes.

    Source: RFC 3161, 2.4.1.
    """
    imprint = tlv(SEQUENCE, _SHA256, tlv(OCTETS, hashlib.sha256(message).digest()))
    return tlv(SEQUENCE, tlv(INTEGER, b"\1"), imprint, tlv(INTEGER, _positive(nonce)), tlv(BOOLEAN, b"\xff"))


def read_answer(
    answer: bytes,
    message: bytes,
    nonce: bytes,
    *,
    roots: Sequence[bytes],
    asked_at: datetime,
    now: datetime,
) -> bytes:
    """The token (DER) in an authority's `answer` to `request(message, nonce)`, believed and fit to be kept.

    Raises:
        TokenNotBelieved: the answer is not that.

    Source: RFC 3161, 2.2 and 2.4.2.
    """
    with _hostile():
        token, said_nonce = _granted(answer)
    if said_nonce != int.from_bytes(_positive(nonce)):
        raise TokenNotBelieved(Flaw.WRONG_NONCE)
    if len(token) > MOST_TOKEN_BYTES:
        raise TokenNotBelieved(Flaw.TOO_LARGE, f"{len(token)} bytes")
    if check_token(token, message, roots=roots, now=now).at < asked_at - MOST_CLOCK_LEAD:
        raise TokenNotBelieved(Flaw.STALE)
    return token


def check_token(token: bytes, message: bytes, *, roots: Sequence[bytes], now: datetime) -> TimeStamp:
    """What `token` says, when it is a time-stamp of `message` by an authority under one of `roots`, not after
    `now`.

    Raises:
        TokenNotBelieved: it is not; `untrusted` only when all else is well.
    """
    with _hostile():
        return _checked(token, message, roots, now)


@contextmanager
def _hostile() -> Iterator[None]:
    """Turn whatever hostile bytes provoke in a library into `TokenNotBelieved`."""
    try:
        yield
    except TokenNotBelieved:
        raise
    except SignatureValidationError as error:
        raise TokenNotBelieved(Flaw.BROKEN, type(error).__name__) from error
    except Exception as error:
        raise TokenNotBelieved(Flaw.MALFORMED, type(error).__name__) from error


def _checked(token: bytes, message: bytes, roots: Sequence[bytes], now: datetime) -> TimeStamp:
    inner(token)  # one element and nothing after it
    signed, info = _open(cms.ContentInfo.load(token, strict=True))
    imprint = info["message_imprint"]
    if imprint["hash_algorithm"]["algorithm"].native != "sha256":
        raise TokenNotBelieved(Flaw.WRONG_HASH, "not SHA-256")
    digest = hashlib.sha256(message).digest()
    if imprint["hashed_message"].native != digest:
        raise TokenNotBelieved(Flaw.WRONG_HASH)
    at: datetime = info["gen_time"].native
    if at > now + MOST_CLOCK_LEAD:
        raise TokenNotBelieved(Flaw.FROM_THE_FUTURE, at.isoformat())
    said = validate_tst_signed_data(signed, context(roots, now), lambda _algorithm: digest)
    status = TimestampSignatureStatus(**drive(said))
    if not (status.intact and status.valid):
        raise TokenNotBelieved(Flaw.BROKEN)
    if not _is_for_time_stamps_alone(status.signing_cert):
        raise TokenNotBelieved(Flaw.WRONG_PURPOSE)
    if not status.trusted:
        raise TokenNotBelieved(Flaw.UNTRUSTED)
    return TimeStamp(at=at, certificates=tuple(one.chosen.dump() for one in signed["certificates"]))


def _granted(answer: bytes) -> tuple[bytes, int | None]:
    """The token in a granted answer and the nonce that it repeats."""
    status, *rest = elements(inner(answer))
    said = int(tsp.PKIStatusInfo.load(status[1], strict=True)["status"])
    if said not in _GRANTED:
        raise TokenNotBelieved(Flaw.REFUSED, f"status {said}")
    ((_tag, token),) = rest
    _signed, info = _open(cms.ContentInfo.load(token, strict=True))
    return token, info["nonce"].native


def _open(token: cms.ContentInfo) -> tuple[cms.SignedData, tsp.TSTInfo]:
    """The SignedData of one signer, and the TSTInfo in it."""
    if token["content_type"].native != "signed_data":
        raise TokenNotBelieved(Flaw.MALFORMED, "not signed data")
    signed = token["content"]
    info = signed["encap_content_info"]["content"].parsed
    if not isinstance(info, tsp.TSTInfo) or len(signed["signer_infos"]) != 1:
        raise TokenNotBelieved(Flaw.MALFORMED, "not one signer's TSTInfo")
    return signed, info


def _is_for_time_stamps_alone(certificate: x509.Certificate) -> bool:
    """Whether its extended key usage is id-kp-timeStamping alone, and critical. Source: RFC 3161, 2.3."""
    extensions: Any = certificate["tbs_certificate"]["extensions"]
    usages = [one for one in extensions if one["extn_id"].native == "extended_key_usage"]
    return (
        len(usages) == 1
        and usages[0]["critical"].native
        and usages[0]["extn_value"].parsed.native == [_TIME_STAMPING]
    )


def _positive(nonce: bytes) -> bytes:
    """`nonce` as the value of a positive INTEGER in its shortest form."""
    assert len(nonce) == NONCE_BYTES, "a nonce has NONCE_BYTES"
    value = int.from_bytes(nonce)
    return value.to_bytes(value.bit_length() // 8 + 1)
