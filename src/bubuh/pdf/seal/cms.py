"""The seal's CMS SignedData, put together from bytes: no ASN.1 library, no clock, no key.

Signed attributes are content-type, message-digest and signing-certificate-v2; there is no signing-time, as
PAdES wants (ETSI EN 319 142-1, clause 6.2.1). The same digest and chain give the same bytes.

signing-certificate-v2 names the seal certificate and, after it, the one that issued it (RFC 5035, clause 3:
the first is the signer's, the others limit the path). An ECDSA signature can be rewritten into another that
is as good, without the key; so the issuing certificate's own, too, is left to nobody's choice.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bubuh.pdf.model import Algorithm, Chain
from bubuh.pdf.seal.der import INTEGER, OCTETS, SEQUENCE, SET, elements, inner, oid, set_of, tlv

STEP_BYTES: Final = 64
MOST_SIGNATURE_BYTES: Final[Mapping[Algorithm, int]] = {"p256": 72, "rsa2048": 256, "rsa3072": 384}

_NULL: Final = b"\x05\x00"
_CONTEXT_0: Final = 0xA0
_DATA: Final = oid("1.2.840.113549.1.7.1")
_SHA256: Final = tlv(SEQUENCE, oid("2.16.840.1.101.3.4.2.1"))
_SIGNATURE_ALGORITHMS: Final[Mapping[Algorithm, bytes]] = {
    "p256": tlv(SEQUENCE, oid("1.2.840.10045.4.3.2")),
    "rsa2048": tlv(SEQUENCE, oid("1.2.840.113549.1.1.11"), _NULL),
    "rsa3072": tlv(SEQUENCE, oid("1.2.840.113549.1.1.11"), _NULL),
}


@dataclass(frozen=True, slots=True)
class _Template:
    """What is the same in every seal of one chain."""

    before_digest: bytes  #: the signed attributes' elements, up to the digest
    after_digest: bytes
    certificates: bytes
    signer: bytes  #: version, issuer and serial, digest algorithm
    signature_algorithm: bytes


def signed_attributes(digest: bytes, chain: Chain) -> bytes:
    """The DER SET that is hashed and signed, over the ByteRange `digest` (32 bytes)."""
    assert len(digest) == 32, "a SHA-256 digest is 32 bytes"
    before, after = _attribute_pieces(chain)
    return b"".join((before, digest, after))


def signed_data(digest: bytes, signature: bytes, chain: Chain) -> bytes:
    """The whole ContentInfo, DER; `signature` is DER ECDSA or PKCS#1 v1.5 over `signed_attributes`."""
    assert len(digest) == 32, "a SHA-256 digest is 32 bytes"
    before, between = _pieces(chain, len(signature))
    return b"".join((before, digest, between, signature))


@functools.lru_cache(maxsize=64)
def _attribute_pieces(chain: Chain) -> tuple[bytes, bytes]:
    """What stands before and after the digest."""
    digest = bytes(range(0x80, 0xA0))
    before, _, after = tlv(SET, _attributes(digest, _template(chain))).partition(digest)
    return before, after


@functools.lru_cache(maxsize=256)
def _pieces(chain: Chain, signature_bytes: int) -> tuple[bytes, bytes]:
    """What stands before the digest, and between it and the signature of that length, which comes last."""
    digest, signature = bytes(range(0x80, 0xA0)), bytes(signature_bytes)
    whole = _signed_data(digest, signature, chain)
    before, _, rest = whole.partition(digest)
    assert rest.endswith(signature), "the signature comes last"
    return before, rest[: len(rest) - signature_bytes]


def _signed_data(digest: bytes, signature: bytes, chain: Chain) -> bytes:
    template = _template(chain)
    signer_info = tlv(
        SEQUENCE,
        template.signer,
        tlv(_CONTEXT_0, _attributes(digest, template)),
        template.signature_algorithm,
        tlv(OCTETS, signature),
    )
    content = tlv(
        SEQUENCE,
        tlv(INTEGER, b"\x01"),
        tlv(SET, _SHA256),
        tlv(SEQUENCE, _DATA),
        template.certificates,
        tlv(SET, signer_info),
    )
    return tlv(SEQUENCE, oid("1.2.840.113549.1.7.2"), tlv(_CONTEXT_0, content))


def room_bytes(chain: Chain) -> int:
    """Room to reserve for the CMS in /Contents, before hex encoding: a multiple of STEP_BYTES.

    It holds the longest signature of the chain's algorithm; a signature that outgrows its room is lost.

    Source: ISO 32000-2, 12.8.1; ETSI EN 319 142-1, clause 6.
    """
    longest = signed_data(bytes(32), bytes(MOST_SIGNATURE_BYTES[chain.algorithm]), chain)
    return -(-len(longest) // STEP_BYTES) * STEP_BYTES


def _attributes(digest: bytes, template: _Template) -> bytes:
    return template.before_digest + digest + template.after_digest


@functools.lru_cache(maxsize=64)
def _template(chain: Chain) -> _Template:
    marker = bytes(range(32))
    hashes = [hashlib.sha256(found).digest() for found in (chain.seal_certificate, chain.issuing_certificate)]
    signing_certificate = tlv(SEQUENCE, tlv(SEQUENCE, *(tlv(SEQUENCE, tlv(OCTETS, one)) for one in hashes)))
    ordered = inner(
        set_of(
            (
                _attribute("1.2.840.113549.1.9.3", _DATA),
                _attribute("1.2.840.113549.1.9.4", tlv(OCTETS, marker)),
                _attribute("1.2.840.113549.1.9.16.2.47", signing_certificate),
            )
        )
    )
    before, _, after = ordered.partition(marker)
    return _Template(
        before_digest=before,
        after_digest=after,
        certificates=set_of((chain.seal_certificate, chain.issuing_certificate), tag=_CONTEXT_0),
        signer=tlv(INTEGER, b"\x01") + _issuer_and_serial(chain.seal_certificate) + _SHA256,
        signature_algorithm=_SIGNATURE_ALGORITHMS[chain.algorithm],
    )


def _attribute(dotted: str, value: bytes) -> bytes:
    return tlv(SEQUENCE, oid(dotted), tlv(SET, value))


def _issuer_and_serial(certificate: bytes) -> bytes:
    """Issuer name and serial number exactly as the certificate spells them (RFC 5652, 10.2.4)."""
    to_be_signed = next(elements(inner(certificate)))[1]
    fields = list(elements(inner(to_be_signed)))
    if fields[0][0] == _CONTEXT_0:  # the version; absent in version 1
        del fields[0]
    serial, _algorithm, issuer = (element for _tag, element in fields[:3])
    return tlv(SEQUENCE, issuer, serial)
