"""Judge without a library what the lean engine stamped: it can say genuine, or nothing.

A document in our own form to the byte, sealed as a whole by a key that is believed. Everything else is for
`bubuh.pdf.judge.verdict`, whose verdict on such a document is the same: a test holds the two together.
"""

from __future__ import annotations

import functools
import hashlib

from bubuh.pdf.lean.declined import Declined
from bubuh.pdf.lean.stamped import Stamped, last_seal, read_stamped
from bubuh.pdf.model import Indication, Judgement, StampFinding, Trust
from bubuh.pdf.seal.proof import covered_digest, prove_digest, taken_from


def judge_lean(document: bytes, trust: Trust) -> Judgement | None:
    """The verdict TOTAL-PASSED on `document`, or None: nothing is said."""
    try:
        sealed = last_seal(document)
        digest = covered_digest(document, sealed)  # first: it brings the document near the processor
        stamped = read_stamped(document, sealed)
    except Declined:
        return None
    return judge_stamped(document, stamped, trust, digest=digest)


def judge_stamped(
    document: bytes, stamped: Stamped, trust: Trust, *, digest: bytes | None = None
) -> Judgement | None:
    """The same once the form is known: `stamped` is what was read in `document`, perhaps by someone else."""
    sealed = stamped.sealed
    taken = taken_from(document, sealed)
    if taken is None or taken.time_stamp is not None:
        return None
    proof = prove_digest(taken, digest or covered_digest(document, sealed), trust)
    if proof is None or not proof.path.holds(trust.now):
        return None
    certificate_sha256 = _sha256(proof.seal_certificate)
    if trust.retired and trust.has_retired(certificate_sha256, stamped.signed_at):
        return None
    finding = StampFinding(
        serial_no=stamped.serial_no,
        digest=proof.digest,
        signed_at=stamped.signed_at,
        indication=Indication.PASSED,
        page=stamped.page,
        certificate_sha256=certificate_sha256,
        sealed=sealed,
    )
    return Judgement(indication=Indication.PASSED, stamps=(finding,))


@functools.lru_cache(maxsize=64)
def _sha256(certificate: bytes) -> bytes:
    return hashlib.sha256(certificate).digest()
