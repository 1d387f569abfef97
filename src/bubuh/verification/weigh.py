"""Weighing what a document shows against what the ledger knows. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bubuh.pdf.model import RANK, Indication, Judgement, StampFinding
from bubuh.verification.model import LEDGER_NOT_ASKED, SerialFacts, StampVerdict, Trace, Unsealed, Verdict

MOST_STAMPS: Final = 100  #: in one document that is held against the ledger; nobody affixes more

#: What the ledger knows of each serial number that was asked for; None: nothing.
Known = Mapping[str, SerialFacts | Unsealed | None]

_Problem = tuple[Indication, str | None, str]
_NO_STAMP: Final[_Problem] = (Indication.INDETERMINATE, None, "no_stamp")
_TOO_MANY: Final[_Problem] = (Indication.INDETERMINATE, None, "too_many_stamps")
#: The ledger holds every stamp ever affixed: one that it does not know, or knows otherwise, is none of ours.
_UNKNOWN: Final[_Problem] = (Indication.FAILED, "SIG_CONSTRAINTS_FAILURE", "serial_unknown")
_NOT_SEALED: Final[_Problem] = (Indication.FAILED, "SIG_CONSTRAINTS_FAILURE", "serial_not_sealed")
_DIFFERS: Final[_Problem] = (Indication.FAILED, "HASH_FAILURE", "ledger_digest_differs")


def weigh(judgement: Judgement, known: Known | None) -> Verdict:
    """The least of what `judgement` says and what the ledger says of each stamp; None: nobody asked it.

    The ledger can only lower a verdict: a digest it knows does not prove the rest of the file.
    """
    stamps = tuple(_weighed(finding, known) for finding in judgement.stamps)
    shown = (judgement.indication, judgement.sub_indication)
    parts = [shown, *((stamp.indication, stamp.sub_indication) for stamp in stamps)]
    reasons = [*judgement.reasons, *(reason for stamp in stamps for reason in stamp.reasons)]
    for indication, sub_indication, reason in _of_number(judgement):
        parts.append((indication, sub_indication))
        reasons.append(reason)
    indication, sub_indication = min(parts, key=lambda part: RANK[part[0]])
    findings = (*judgement.findings, *_traces(judgement, known))
    return Verdict(
        indication=indication,
        sub_indication=sub_indication,
        reasons=tuple(dict.fromkeys(reasons)),
        findings=tuple(dict.fromkeys(findings)),
        stamps=stamps,
    )


def _traces(judgement: Judgement, known: Known | None) -> tuple[str, ...]:
    """What the ledger knows of the serial numbers that stand on something without a seal."""
    if known is None:
        return (LEDGER_NOT_ASKED,)
    asked = (known[serial_no] for serial_no in judgement.unsealed if serial_no in known)
    return tuple(str(_trace(facts)) for facts in asked)


def _trace(facts: SerialFacts | Unsealed | None) -> Trace:
    if facts is None:
        return Trace.OF_NO_STAMP
    return Trace.OF_UNSEALED_STAMP if isinstance(facts, Unsealed) else Trace.OF_A_STAMP


def _weighed(finding: StampFinding, known: Known | None) -> StampVerdict:
    facts = known.get(finding.serial_no) if known is not None else None
    problem = _ledger_problem(finding, known)
    indication, sub_indication, reasons = finding.indication, finding.sub_indication, finding.reasons
    if problem is not None:
        reasons = (*reasons, problem[2])
        if RANK[problem[0]] < RANK[indication]:
            indication, sub_indication = problem[:2]
    return StampVerdict(
        serial_no=finding.serial_no,
        indication=indication,
        sub_indication=sub_indication,
        reasons=reasons,
        page=finding.page,
        signed_at=finding.signed_at,
        affixed_at=facts.affixed_at if isinstance(facts, SerialFacts) and problem is None else None,
        digest=finding.digest,
        added=finding.added,
    )


def _ledger_problem(finding: StampFinding, known: Known | None) -> _Problem | None:
    if known is None or finding.serial_no not in known:
        return None
    facts = known[finding.serial_no]
    if facts is None:
        return _UNKNOWN
    if isinstance(facts, Unsealed):
        return _NOT_SEALED
    return None if facts.digest == finding.digest else _DIFFERS


def _of_number(judgement: Judgement) -> list[_Problem]:
    """No stamp proves nothing, whatever else is said; of too many, not all are held against the ledger."""
    if not judgement.stamps and judgement.indication is Indication.PASSED:
        return [_NO_STAMP]
    return [_TOO_MANY] if len(judgement.stamps) > MOST_STAMPS else []
