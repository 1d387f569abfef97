"""Whether a statement is one of a service's: its signature and path, with nothing asked of anybody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bubuh.pdf.seal.cms import signed_attributes
from bubuh.pdf.seal.cms_match import PROVOKED, take_apart
from bubuh.pdf.seal.keys import proves
from bubuh.pdf.seal.pki import is_for_statements, validity


@dataclass(frozen=True, slots=True)
class Signer:
    """Whose statement it is: when the certificates on the way to the root are valid, aware."""

    from_: datetime
    until: datetime

    def could_sign(self, at: datetime) -> bool:
        """Whether it could sign at that time."""
        return self.from_ <= at <= self.until


def prove(digest: bytes, contents: bytes, roots: tuple[bytes, ...]) -> Signer | None:
    """Who signed what has this SHA-256; None: nobody whom one of `roots` (DER) lets sign statements.

    `contents` is the CMS in lower-case hexadecimal digits, padded with zeros where it lay in a room.
    """
    taken = take_apart(contents)
    if taken is None or taken.time_stamp is not None or taken.digest != digest:
        return None
    own, issuing = taken.chain.seal_certificate, taken.chain.issuing_certificate
    try:
        if not any(is_for_statements(own, issuing=issuing, root=root) for root in roots):
            return None
        if not proves(taken.signature, signed_attributes(digest, taken.chain), own):
            return None
    except PROVOKED:
        return None
    (own_from, own_until), (from_, until) = validity(own), validity(issuing)
    return Signer(max(own_from, from_), min(own_until, until))
