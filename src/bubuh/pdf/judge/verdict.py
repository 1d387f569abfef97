"""Say whether a document's stamps are genuine. Never raises: what cannot be read is not proven.

The words follow EN 319 102-1. The verdict is the least over all signatures and our own rules; a good stamp
beside a bad one makes no genuine document.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.errors import SignatureValidationError

from bubuh.pdf.face.drawing import drawing, read_drawing
from bubuh.pdf.face.qr import read as read_code
from bubuh.pdf.general.pagetree import page_number
from bubuh.pdf.general.reader import check_shape, entry, open_reader
from bubuh.pdf.general.signatures import (
    Signed,
    context,
    is_whole,
    may_seal,
    seal_status,
    signatures,
    time_stamp_in,
    time_stamp_status,
    vouched_since,
)
from bubuh.pdf.judge.additions import additions
from bubuh.pdf.judge.lean import judge_lean
from bubuh.pdf.judge.revisions import breaches, covered
from bubuh.pdf.judge.tiling import Breach, end_of
from bubuh.pdf.judge.traces import faces, never_sealed
from bubuh.pdf.model import (
    RANK,
    UNSEEN,
    Added,
    Indication,
    Judgement,
    Sealed,
    StampFinding,
    Trust,
)
from bubuh.pdf.refusals import DocumentRefused, Reason, refusing_damage
from bubuh.pdf.seal.proof import covered_digest, prove, taken_from
from bubuh.pdf.seal.seal_time import NOT_CHECKED, SealTime, seal_time
from bubuh.pdf.seal.standing import imitates
from bubuh.pdf.unseen import refused_base

FORMAT_FAILURE: Final = "FORMAT_FAILURE"
CONSTRAINTS_FAILURE: Final = "SIG_CONSTRAINTS_FAILURE"

_REASON: Final = re.compile(
    r"\[([0-9A-Z]{22})\] Meterai SPESIMEN, halaman ([1-9][0-9]{0,6})(?:" + re.escape(UNSEEN) + ")?", re.ASCII
)


def judge(document: bytes, trust: Trust) -> Judgement:
    """The verdict on `document` by one who believes `trust`; asks no ledger and no network.

    Whoever calls without a ledger adds the finding `ledger_not_asked`.
    """
    return _judged_lean(document, trust) or judge_whole(document, trust)


def _judged_lean(document: bytes, trust: Trust) -> Judgement | None:
    """The verdict without a library; None where it has none, or fails in a way that nobody has thought of."""
    try:
        return judge_lean(document, trust)
    except Exception:  # noqa: BLE001 - as below; the other way then says what it makes of the document
        return None


def judge_whole(document: bytes, trust: Trust) -> Judgement:
    """The same with the library, for every document: slower by a hundred times."""
    try:
        return _judged(document, trust)
    except DocumentRefused as refused:
        return _unreadable(refused.reason)
    except Exception:  # noqa: BLE001 - whatever hostile bytes provoke: not provable, and never a fault
        return Judgement(indication=Indication.INDETERMINATE, reasons=(str(Reason.DAMAGED),))


@refusing_damage
def _judged(document: bytes, trust: Trust) -> Judgement:
    check_shape(document)
    reader = open_reader(document)
    empty = never_sealed(reader)
    if empty:
        return Judgement(indication=Indication.INDETERMINATE, reasons=("never_sealed",), unsealed=empty)
    found = signatures(reader)
    stamps = [signed for signed in found if signed.serial_no is not None]
    if not stamps:
        copied = faces(document, reader)
        return Judgement(
            indication=Indication.INDETERMINATE,
            reasons=("face_without_seal",) if copied else ("no_stamp",),
            findings=_beside(found, trust),
            unsealed=copied,
        )
    broken = breaches(document, reader, since=vouched_since(stamps), signatures=found)
    findings = tuple(
        replace(
            _stamp_finding(document, reader, stamp, trust, broken),
            added=_added(document, reader, stamp, found),
        )
        for stamp in stamps
    )
    problems = [
        *((finding.indication, finding.sub_indication, finding.reasons) for finding in findings),
        *_shared(found, stamps),
        *_others(found, stamps[0].revision, trust),
    ]
    indication, sub_indication, _reasons = min(problems, key=lambda problem: RANK[problem[0]])
    reasons = tuple(dict.fromkeys(reason for problem in problems for reason in problem[2]))
    return Judgement(
        indication=indication,
        sub_indication=sub_indication,
        reasons=reasons,
        stamps=findings,
        findings=_beside(found, trust),
    )


Problem = tuple[Indication, str | None, tuple[str, ...]]


def _unreadable(reason: Reason) -> Judgement:
    if reason in {Reason.ENCRYPTED, Reason.DAMAGED}:
        return Judgement(indication=Indication.INDETERMINATE, reasons=(str(reason),))
    return Judgement(indication=Indication.FAILED, sub_indication=FORMAT_FAILURE, reasons=(str(reason),))


def _stamp_finding(
    document: bytes, reader: PdfFileReader, stamp: Signed, trust: Trust, broken: Mapping[int, str]
) -> StampFinding:
    digest, sealed, problem = None, None, None
    page = _page_of(reader, stamp)
    try:
        sealed = covered(document, reader, stamp)
        digest = covered_digest(document, sealed)
        problem = (
            _seal_problem(stamp, trust)
            or _form_problem(document, sealed, trust)
            or _retired_problem(stamp, trust)
            or _words_problem(stamp, page)
            or _later_problem(stamp, broken)
            or _unseen_problem(document, reader, stamp)
        )
    except Breach as breach:
        problem = (Indication.FAILED, FORMAT_FAILURE, (breach.reason,))
    indication, sub_indication, reasons = problem or (Indication.PASSED, None, ())
    return StampFinding(
        serial_no=str(stamp.serial_no),
        digest=digest,
        signed_at=stamp.embedded.self_reported_timestamp,
        indication=indication,
        sub_indication=sub_indication,
        reasons=reasons,
        page=page,
        certificate_sha256=_certificate_sha256(stamp),
        sealed=sealed,
    )


def _seal_problem(stamp: Signed, trust: Trust) -> Problem | None:
    """What is wrong with the signature itself or with its time-stamp, or None."""
    stamped = seal_time(stamp, trust) or SealTime()
    return stamped.problem or _signature_problem(stamp, trust, at=stamped.at or trust.now)


def _signature_problem(stamp: Signed, trust: Trust, *, at: datetime) -> Problem | None:
    try:
        status = seal_status(stamp, context(trust.roots, at))
    except SignatureValidationError as error:
        return _of_sub_indication(error.ades_subindication, "seal_invalid")
    if not status.intact:
        return Indication.FAILED, "HASH_FAILURE", ("digest_differs",)
    if not status.valid:
        return Indication.FAILED, "SIG_CRYPTO_FAILURE", ("seal_invalid",)
    if not status.trusted:
        found = _of_sub_indication(status.trust_problem_indic, "untrusted")
        return (*found[:2], ("untrusted", "authority_imitated")) if _imitates(stamp, trust) else found
    if not (may_seal(stamp) and status.bottom_line):
        return Indication.INDETERMINATE, "CHAIN_CONSTRAINTS_FAILURE", ("untrusted",)
    return None


def _imitates(stamp: Signed, trust: Trust) -> bool:
    """Whether its certificates bear names of ours over keys that are not."""
    path = (stamp.embedded.signer_cert, *stamp.embedded.other_embedded_certs)
    return imitates([certificate.dump() for certificate in path], trust.roots)


def _retired_problem(stamp: Signed, trust: Trust) -> Problem | None:
    signed_at = stamp.embedded.self_reported_timestamp
    if not trust.has_retired(_certificate_sha256(stamp), signed_at):
        return None
    return Indication.INDETERMINATE, "CHAIN_CONSTRAINTS_FAILURE", ("key_retired",)


def _certificate_sha256(stamp: Signed) -> bytes:
    return hashlib.sha256(stamp.embedded.signer_cert.dump()).digest()


def _added(
    document: bytes, reader: PdfFileReader, stamp: Signed, found: Sequence[Signed]
) -> tuple[Added, ...]:
    """What came after a stamp, bytes after the last revision included."""
    kinds = additions(reader, stamp.revision, found)
    try:
        is_whole_file = end_of(document, reader, reader.xrefs.total_revisions - 1) == len(document)
    except Breach:
        is_whole_file = False
    return kinds if is_whole_file else (*kinds, Added.BYTES)


def _later_problem(stamp: Signed, broken: Mapping[int, str]) -> Problem | None:
    """What came after the stamp and may not have; or with it, when it was planned without its document."""
    since = stamp.revision - stamp.is_content_unseen
    reasons = tuple(dict.fromkeys(reason for revision, reason in broken.items() if revision > since))
    return (Indication.FAILED, FORMAT_FAILURE, reasons) if reasons else None


def _unseen_problem(document: bytes, reader: PdfFileReader, stamp: Signed) -> Problem | None:
    """What was stamped without being seen must be what would have been let in."""
    reason = refused_base(document, reader, stamp) if stamp.is_content_unseen else None
    if reason is None:
        return None
    return Indication.INDETERMINATE, CONSTRAINTS_FAILURE, ("content_refused", str(reason))


def _of_sub_indication(sub_indication: Any, reason: str) -> Problem:
    if sub_indication is None:
        return Indication.INDETERMINATE, "NO_CERTIFICATE_CHAIN_FOUND", (reason,)
    failed = type(sub_indication).__name__ == "AdESFailure"
    return (
        Indication.FAILED if failed else Indication.INDETERMINATE,
        str(sub_indication.standard_name),
        (reason,),
    )


def _form_problem(document: bytes, sealed: Sealed, trust: Trust) -> Problem | None:
    """The CMS must be as we write it, and proven by our own arithmetic as well."""
    if taken_from(document, sealed) is None:
        return Indication.FAILED, FORMAT_FAILURE, ("seal_altered",)
    if prove(document, sealed, trust) is None:
        return Indication.INDETERMINATE, "CHAIN_CONSTRAINTS_FAILURE", ("untrusted",)
    return None


def _words_problem(stamp: Signed, page: int | None) -> Problem | None:
    """Drawing, code and /Reason must say the field's serial number, and /Reason the page."""
    serial_no = str(stamp.serial_no)
    said = _REASON.fullmatch(str(entry(stamp.embedded.sig_object, "/Reason", "")))
    if not _is_drawn(stamp, serial_no) or said is None or said[1] != serial_no:
        return Indication.INDETERMINATE, CONSTRAINTS_FAILURE, ("serial_differs",)
    if int(said[2]) != page:
        return Indication.INDETERMINATE, CONSTRAINTS_FAILURE, ("page_differs",)
    return None


def _is_drawn(stamp: Signed, serial_no: str) -> bool:
    """Whether the face is the one that we draw for this serial number, its code included."""
    face = entry(entry(stamp.field.dictionary, "/AP", {}), "/N")
    if not isinstance(face, generic.StreamObject):
        return False
    try:
        payload = read_code(read_drawing(face.data).code)
    except ValueError:
        return False
    return payload.endswith(serial_no) and face.data == drawing(serial_no, payload)


def _shared(found: Sequence[Signed], stamps: Sequence[Signed]) -> list[Problem]:
    """One signature under two names, or one serial number twice: prepared before stamping, or copied."""
    values = Counter(signed.value for signed in found)
    serials = Counter(stamp.name for stamp in stamps)
    twice = max(values.values()) > 1 or max(serials.values()) > 1
    return [(Indication.FAILED, FORMAT_FAILURE, ("signature_shared",))] if twice else []


def _others(found: Sequence[Signed], first_stamp: int, trust: Trust) -> list[Problem]:
    """What the signatures that are no stamps cost the verdict."""
    problems: list[Problem] = []
    for signed in found:
        if signed.serial_no is not None:
            continue
        if signed.revision < first_stamp:  # the stamp covers it; it must be whole, trusted it need not be
            if not is_whole(signed):
                problems.append(
                    (Indication.INDETERMINATE, CONSTRAINTS_FAILURE, ("earlier_signature_broken",))
                )
        elif not signed.is_time_stamp:
            problems.append((Indication.INDETERMINATE, CONSTRAINTS_FAILURE, ("signed_after_stamp",)))
        else:
            status = time_stamp_status(signed, context(trust.timestamp_roots, trust.now))
            if not (signed.is_mere_mark and status.intact and status.valid and status.trusted):
                problems.append((Indication.INDETERMINATE, CONSTRAINTS_FAILURE, ("time_stamp_untrusted",)))
    return problems


def _beside(found: Sequence[Signed], trust: Trust) -> tuple[str, ...]:
    names = {
        "time_stamp" if signed.is_time_stamp else "other_signature"
        for signed in found
        if signed.serial_no is None
    }
    if any(time_stamp_in(signed) is not None for signed in found if signed.serial_no is not None):
        names.add("seal_time_stamp" if trust.timestamp_roots else NOT_CHECKED)
    if any(signed.serial_no is not None and signed.is_content_unseen for signed in found):
        names.add("content_unseen")
    return tuple(sorted(names))


def _page_of(reader: PdfFileReader, stamp: Signed) -> int | None:
    raw = stamp.field.dictionary.raw_get("/P") if "/P" in stamp.field.dictionary else None
    wanted = getattr(raw, "reference", None)
    return None if wanted is None else page_number(reader, wanted)
