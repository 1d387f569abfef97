"""Hold a seal's CMS against the template it was made from: the only form in which it is ours.

What the signature does not cover (versions, certificates beside the path, padding) could be changed without
breaking it; nobody but us has a reason to. So a seal is cut at known places, made again from what was cut
out, and must come out the same to the last digit of its padding.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from bubuh.pdf.model import Algorithm, Chain
from bubuh.pdf.seal.cms import MOST_SIGNATURE_BYTES, signed_data
from bubuh.pdf.seal.der import elements, inner
from bubuh.pdf.seal.room import with_time_stamp, without_time_stamp

#: What hostile bytes provoke in readers of certificates. Source: the documentation of `cryptography.x509`.
PROVOKED: Final = (
    ValueError,
    LookupError,
    TypeError,
    UnsupportedAlgorithm,
    InvalidSignature,
    x509.InvalidVersion,
)

_LONG: Final = b"82"  #: a length of two octets: a seal with its certificates is 256 to 65,535 bytes
_LONG_HEAD: Final = 4  #: octets of a tag and such a length
#: Octets before the certificates: three heads, content type, version, digest algorithms, content.
_BEFORE_CERTIFICATES: Final = 54
_OPENING_DIGITS: Final = 2 * (_BEFORE_CERTIFICATES + _LONG_HEAD)  #: they tell both lengths
_MOST_FORMS: Final = 64
_CERTIFICATES: Final = b"a0" + _LONG
_DIGEST_BYTES: Final = 32
_LEAST_ECDSA_BYTES: Final = 8
_CURVE: Final = "secp256r1"


@dataclass(frozen=True, slots=True)
class Taken:
    """What a seal says, cut out of its template."""

    chain: Chain
    digest: bytes  #: the message-digest attribute
    signature: bytes
    time_stamp: bytes | None = None  #: the token beside the signature, DER; not judged


def take_apart(contents: bytes) -> Taken | None:
    """What the seal in `contents`, hex digits without `<` and `>`, says; None when it is not of our form."""
    form = _Lately.forms.get(contents[:_OPENING_DIGITS])
    taken = None if form is None else form.taken(contents)
    return taken or _plain(contents) or _time_stamped(contents)


def _time_stamped(contents: bytes) -> Taken | None:
    """The same for a seal with a time-stamp in its room."""
    try:
        _tag, cms = next(elements(_octets(contents)))
        plain, token = without_time_stamp(cms)
        made = with_time_stamp(plain, token).hex().encode("ascii").ljust(len(contents), b"0")
    except (ValueError, LookupError, StopIteration):
        return None
    taken = _plain(plain.hex().encode("ascii")) if made == contents else None
    return None if taken is None else replace(taken, time_stamp=token)


def _plain(contents: bytes) -> Taken | None:
    size = _size_at(contents, 0, b"30" + _LONG)
    held = _size_at(contents, 2 * _BEFORE_CERTIFICATES, _CERTIFICATES)
    if size is None or held is None:
        return None
    certificates = contents[2 * _BEFORE_CERTIFICATES : 2 * (_BEFORE_CERTIFICATES + held)]
    for chain in _chains(certificates):
        form = _form(chain, size)
        taken = None if form is None else form.taken(contents)
        if form is not None and taken is not None:
            _Lately.keep(contents[:_OPENING_DIGITS], form)
            return taken
    return None


@dataclass(frozen=True, slots=True)
class _Form:
    """The seals of one chain with a signature of one length, in hex."""

    chain: Chain
    before: bytes
    between: bytes
    signature_bytes: int

    def taken(self, contents: bytes) -> Taken | None:
        """What `contents` says, if it is of this form and nothing else."""
        digest_at = len(self.before)
        between_at = digest_at + 2 * _DIGEST_BYTES
        signature_at = between_at + len(self.between)
        end = signature_at + 2 * self.signature_bytes
        if not (contents.startswith(self.before) and contents.startswith(self.between, between_at)):
            return None
        if contents.count(b"0", end) != len(contents) - end or end > len(contents):
            return None
        try:
            digest, signature = _octets(contents[digest_at:between_at]), _octets(contents[signature_at:end])
        except ValueError:
            return None
        return Taken(self.chain, digest, signature)


class _Lately:
    """The forms that fitted last, by how the seal begins: nearly every seal is like the one before.

    They only save time: a form is held against each seal whole.
    """

    forms: ClassVar[dict[bytes, _Form]] = {}

    @classmethod
    def keep(cls, opening: bytes, form: _Form) -> None:
        if len(cls.forms) >= _MOST_FORMS:
            cls.forms.clear()
        cls.forms[opening] = form


def _octets(digits: bytes) -> bytes:
    """The bytes that lower-case hex digits stand for, written as we write them."""
    octets = bytes.fromhex(digits.decode("ascii"))
    if octets.hex().encode("ascii") != digits:
        raise ValueError("not as we write it")
    return octets


def _size_at(contents: bytes, at: int, head: bytes) -> int | None:
    """How many octets the element at the digit `at` has, head and all, if its head is of this kind."""
    if not contents.startswith(head, at):
        return None
    try:
        return _LONG_HEAD + int.from_bytes(_octets(contents[at + len(head) : at + 2 * _LONG_HEAD]), "big")
    except ValueError:
        return None


@functools.lru_cache(maxsize=64)
def _chains(certificates: bytes) -> tuple[Chain, ...]:
    """The chains that two certificates, in hex, can be: each may have issued the other."""
    try:
        found = [element for _tag, element in elements(inner(_octets(certificates)))]
        if len(found) != 2:
            return ()
        return tuple(_possible(*found))
    except PROVOKED:
        return ()


def _possible(one: bytes, other: bytes) -> Iterator[Chain]:
    for seal, issuing in ((one, other), (other, one)):
        algorithm = _algorithm(seal)
        if algorithm is not None:
            yield Chain(key_id="", seal_certificate=seal, issuing_certificate=issuing, algorithm=algorithm)


def _algorithm(certificate: bytes) -> Algorithm | None:
    key = x509.load_der_x509_certificate(certificate).public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        return "p256" if key.curve.name == _CURVE else None
    if isinstance(key, rsa.RSAPublicKey):
        return {2048: "rsa2048", 3072: "rsa3072"}.get(key.key_size)  # type: ignore[return-value]
    return None


@functools.lru_cache(maxsize=1024)
def _form(chain: Chain, size: int) -> _Form | None:
    """The form of the chain's seals that are `size` octets long, if there is one."""
    most = MOST_SIGNATURE_BYTES[chain.algorithm]
    least = _LEAST_ECDSA_BYTES if chain.algorithm == "p256" else most
    longest = len(signed_data(bytes(_DIGEST_BYTES), bytes(most), chain))
    for signature_bytes in range(max(least, most - (longest - size) - 3), most + 1):
        digest, signature = bytes(range(0x80, 0xA0)), bytes(signature_bytes)
        made = signed_data(digest, signature, chain)
        if len(made) == size:
            before, _, rest = made.hex().encode("ascii").partition(digest.hex().encode("ascii"))
            return _Form(chain, before, rest[: len(rest) - 2 * signature_bytes], signature_bytes)
    return None
