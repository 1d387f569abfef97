"""Judge without a library what the lean engine stamped: it can say genuine, or nothing.

A document in our own form to the byte, sealed as a whole by a key that is believed. Everything else is for
`bubuh.pdf.judge.verdict`, whose verdict on such a document is the same: a test holds the two together.
"""

from __future__ import annotations

import functools
import hashlib
from dataclasses import replace
from typing import Final

from bubuh.pdf.judge.several import read_stamps
from bubuh.pdf.lean.declined import Declined
from bubuh.pdf.lean.stamped import Stamped, last_seal
from bubuh.pdf.model import Added, Indication, Judgement, StampFinding, Trust
from bubuh.pdf.seal.proof import covered_digest, prove_digest, taken_from

_LATER: Final = (str(Added.STAMP),)  #: what came after all but the last stamp


def judge_lean(document: bytes, trust: Trust) -> Judgement | None:
    """The verdict TOTAL-PASSED on `document`, or None: nothing is said."""
    try:
        sealed = last_seal(document)
        digest = covered_digest(document, sealed)  # first: it brings the document near the processor
        stamps = read_stamps(document, sealed)
    except Declined:
        return None
    return judge_stamped(document, stamps, trust, digest=digest)


def judge_stamped(
    document: bytes, stamps: tuple[Stamped, ...], trust: Trust, *, digest: bytes | None = None
) -> Judgement | None:
    """The same once the form is known: `stamps` were read in `document`, perhaps by someone else.

    The oldest is the first; `digest` is over what the last of them covers.
    """
    found = [_finding(document, stamped, trust) for stamped in stamps[:-1]]
    last = _finding(document, stamps[-1], trust, digest=digest)
    if last is None or None in found:
        return None
    earlier = (replace(finding, added=_LATER) for finding in found if finding is not None)
    return Judgement(indication=Indication.PASSED, stamps=(*earlier, last))


def _finding(
    document: bytes, stamped: Stamped, trust: Trust, *, digest: bytes | None = None
) -> StampFinding | None:
    """What can be said of one stamp, which is good, or None."""
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
    return StampFinding(
        serial_no=stamped.serial_no,
        digest=proof.digest,
        signed_at=stamped.signed_at,
        indication=Indication.PASSED,
        page=stamped.page,
        certificate_sha256=certificate_sha256,
        sealed=sealed,
    )


@functools.lru_cache(maxsize=64)
def _sha256(certificate: bytes) -> bytes:
    return hashlib.sha256(certificate).digest()
