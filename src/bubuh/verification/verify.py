"""Judging a document: what it shows by itself, then what the ledger knows of its stamps."""

from __future__ import annotations

from bubuh.pdf.model import Indication, Judgement, Trust
from bubuh.pdf.refusals import DocumentRefused
from bubuh.sandbox import Sandbox
from bubuh.stamping.refusals import SerialUnknown
from bubuh.verification.model import SerialFacts, Unsealed, Verdict
from bubuh.verification.ports import Ledger
from bubuh.verification.weigh import MOST_STAMPS, Known, weigh


async def verify(document: bytes, *, sandbox: Sandbox, trust: Trust, ledger: Ledger | None) -> Verdict:
    """Whether the stamps in `document` are genuine, to one who believes `trust`. Keeps nothing.

    No bytes make it fail: a document that kills its reader proves nothing, and gets that for a verdict.
    Without a `ledger` a document can still be genuine, with the finding `ledger_not_asked`.

    Raises:
        SandboxUnavailable: no document can be opened now.
        Fault: the ledger does not answer.
    """
    judgement = await _judge(document, sandbox=sandbox, trust=trust)
    return weigh(judgement, None if ledger is None else await _ask(ledger, judgement))


async def _judge(document: bytes, *, sandbox: Sandbox, trust: Trust) -> Judgement:
    try:
        return await sandbox.judge(document, trust)
    except DocumentRefused as refusal:
        return Judgement(indication=Indication.INDETERMINATE, reasons=(str(refusal.reason),))


async def _ask(ledger: Ledger, judgement: Judgement) -> Known:
    sealed = (stamp.serial_no for stamp in judgement.stamps[:MOST_STAMPS])
    serial_nos = dict.fromkeys((*sealed, *judgement.unsealed[:MOST_STAMPS]))
    return {serial_no: await _look_up(ledger, serial_no) for serial_no in serial_nos}


async def _look_up(ledger: Ledger, serial_no: str) -> SerialFacts | Unsealed | None:
    try:
        return await ledger.look_up(serial_no)
    except SerialUnknown:
        return None
