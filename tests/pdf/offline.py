"""Stamps with a key at hand, without the service."""

from __future__ import annotations

from bubuh.pdf.model import Chain, Intent
from bubuh.pdf.plan import plan
from bubuh.pdf.rehearse import rehearse
from bubuh.pdf.seal import cms
from bubuh.pdf.seal.keys import sign
from bubuh.pdf.seal.pki import PrivateKey


def affix_with_key(
    document: bytes, intent: Intent, chain: Chain, private_key: PrivateKey, *, rehearsed: bool = True
) -> bytes:
    """The whole stamped document: `document` and, after it, the sealed increment.

    Raises what `plan` and `rehearse` raise; the latter is left out when not `rehearsed`.
    """
    increment = plan(document, intent, chain)
    if rehearsed:
        rehearse(document, increment, intent)
    signature = sign(private_key, cms.signed_attributes(increment.digest, chain))
    return document + increment.sealed(cms.signed_data(increment.digest, signature, chain))
