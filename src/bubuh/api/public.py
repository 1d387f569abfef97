"""What anyone may ask, without a key: is this document genuine, what is known of this serial number."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Self

import msgspec
from litestar import get, post
from litestar.params import FromPath

from bubuh.api.reply import AnyRequest, Parts, Reply, reply
from bubuh.edge.answers import language_of
from bubuh.edge.bodies import check_media_type, whole
from bubuh.edge.calls import PDF, Answer, Body, Call, told
from bubuh.edge.exchange import exchange_of
from bubuh.edge.guards import Public
from bubuh.edge.verdicts import ADDITIONS, FINDINGS, NO_STAMP, VERDICT_REASONS, VERDICTS
from bubuh.edge.words import Language, Words
from bubuh.pdf.model import Indication
from bubuh.quota.standing import Standing
from bubuh.verification.compare import Compared, compare, read_digest
from bubuh.verification.look_up import DatabaseLedger, look_up
from bubuh.verification.model import SerialFacts, StampVerdict, Verdict, Word
from bubuh.verification.refusals import DigestMalformed
from bubuh.verification.verify import verify

LIMIT_BYTES: Final = 16 * 2**20  #: an original of 10 MiB and the stamps on it


class ReasonView(msgspec.Struct, frozen=True, kw_only=True):
    """A code and what it means."""

    code: str
    text: str

    @classmethod
    def of(cls, code: str, words: Mapping[str, Words], language: Language) -> Self:
        """The view of `code`; every code has words."""
        return cls(code=code, text=words[code].said(language))


class StampVerdictView(msgspec.Struct, frozen=True, kw_only=True):
    """One stamp of the document."""

    serial: str
    verdict: Word
    indication: Indication
    sub_indication: str | None
    reasons: list[str]
    page: int | None
    signed_at: datetime | None  # as the document claims
    affixed_at: datetime | None  # as we know
    digest: str | None  # SHA-256 over the stamp's own byte range, in hex
    added: list[ReasonView]  # what came after it

    @classmethod
    def of(cls, stamp: StampVerdict, language: Language) -> Self:
        """The view of `stamp`, in `language`."""
        return cls(
            serial=stamp.serial_no,
            verdict=stamp.verdict,
            indication=stamp.indication,
            sub_indication=stamp.sub_indication,
            reasons=list(stamp.reasons),
            page=stamp.page,
            signed_at=stamp.signed_at,
            affixed_at=stamp.affixed_at,
            digest=None if stamp.digest is None else stamp.digest.hex(),
            added=[ReasonView.of(kind, ADDITIONS, language) for kind in stamp.added],
        )


class VerdictView(msgspec.Struct, frozen=True, kw_only=True):
    """What can be said of a document; indications as in ETSI EN 319 102-1."""

    verdict: Word
    indication: Indication
    sub_indication: str | None
    explanation: str  # what it means and what to do
    reasons: list[str]
    findings: list[str]  # what does not change the verdict
    details: list[ReasonView]  # reasons and findings, in words
    serial: str | None  # of the newest stamp
    stamps: list[StampVerdictView]

    @classmethod
    def of(cls, verdict: Verdict, language: Language) -> Self:
        """The view of `verdict`, explained in `language`."""
        return cls(
            verdict=verdict.verdict,
            indication=verdict.indication,
            sub_indication=verdict.sub_indication,
            explanation=(VERDICTS[verdict.verdict] if verdict.stamps else NO_STAMP).said(language),
            reasons=list(verdict.reasons),
            findings=list(verdict.findings),
            details=[
                *(ReasonView.of(reason, VERDICT_REASONS, language) for reason in verdict.reasons),
                *(ReasonView.of(finding, FINDINGS, language) for finding in verdict.findings),
            ],
            serial=verdict.serial_no,
            stamps=[StampVerdictView.of(stamp, language) for stamp in verdict.stamps],
        )


class SerialView(msgspec.Struct, frozen=True, kw_only=True):
    """What anyone may know of a serial number. It does not prove a document: verify the file."""

    serial: str
    state: str
    affixed_at: datetime
    digest: str  # SHA-256 over the stamp's own byte range, in hex
    content_unseen: bool  # it was affixed without sight of its document

    @classmethod
    def of(cls, facts: SerialFacts) -> Self:
        """The view of `facts`."""
        return cls(
            serial=facts.serial_no,
            state=facts.state,
            affixed_at=facts.affixed_at,
            digest=facts.digest.hex(),
            content_unseen=facts.content_unseen,
        )


class ComparedView(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a digest is the registered one. It does not prove a document: verify the file."""

    serial: str
    digest: str  # the one asked about, in hex
    registered: bool  # the serial number was affixed over this very digest
    affixed_at: datetime

    @classmethod
    def of(cls, compared: Compared, digest: bytes) -> Self:
        """The view of `compared`."""
        return cls(
            serial=compared.facts.serial_no,
            digest=digest.hex(),
            registered=compared.is_registered,
            affixed_at=compared.facts.affixed_at,
        )


class LedgerView(msgspec.Struct, frozen=True, kw_only=True):
    """How long the books have agreed."""

    days_without_difference: int  # whole days; 0 while one is open
    since: datetime  # the last difference was gone, or the watch began
    checked_at: datetime | None  # when all books were last held to their invariants

    @classmethod
    def of(cls, standing: Standing) -> Self:
        """The view of `standing`."""
        return cls(
            days_without_difference=standing.days, since=standing.since, checked_at=standing.checked_at
        )


@post(
    "/v1/verifications",
    guards=[Public("verifications")],
    status_code=200,
    opt=told(
        Call(
            summary="Verify a document",
            summary_id="Periksa keaslian dokumen",
            tag="public",
            body=Body(media_type=PDF),
            answers={200: Answer(says="The verdict.", body=Body(shape=VerdictView))},
        )
    ),
)
async def create_verification(request: AnyRequest, services: Parts) -> Reply:
    """Judge a PDF of at most 16 x 2^20 bytes: its seals, then the ledger. Nothing of it is kept."""
    check_media_type(request, PDF)
    async with request.app.state.verifications.one(exchange_of(request.scope).client):
        verdict = await verify(
            await whole(request, limit_bytes=LIMIT_BYTES),
            sandbox=services.sandbox,
            trust=services.trust(),
            ledger=DatabaseLedger(services.db, services.serial_key),
        )
    return reply(VerdictView.of(verdict, language_of(request)))


@get(
    "/v1/serials/{serial:str}",
    guards=[Public("serials")],
    opt=told(
        Call(
            summary="Look up a serial number",
            summary_id="Cari nomor seri",
            tag="public",
            answers={200: Answer(says="What is known of it.", body=Body(shape=SerialView))},
        )
    ),
)
async def get_serial(serial: FromPath[str], services: Parts) -> Reply:
    """State, time and registered digest. Void and unknown numbers look equal."""
    return reply(SerialView.of(await look_up(services.db, services.serial_key, serial.strip().upper())))


@get(
    "/v1/serials/{serial:str}/digests/{digest:str}",
    guards=[Public("serials")],
    opt=told(
        Call(
            summary="Compare a digest",
            summary_id="Cocokkan sidik",
            tag="public",
            answers={200: Answer(says="Whether it is registered.", body=Body(shape=ComparedView))},
            refusals=(DigestMalformed,),
        )
    ),
)
async def compare_digest(serial: FromPath[str], digest: FromPath[str], services: Parts) -> Reply:
    """Whether the serial number was affixed over this digest: SHA-256 over its ByteRange, 64 hex digits.

    So a document can be looked up without being sent. Only a verification judges it: a file may go on after
    the range, and nothing here looks at the seal.
    """
    asked = read_digest(digest)
    compared = await compare(services.db, services.serial_key, serial.strip().upper(), asked)
    return reply(ComparedView.of(compared, asked))


@get(
    "/v1/ledger",
    guards=[Public("pages")],
    opt=told(
        Call(
            summary="How long have the books agreed?",
            summary_id="Berapa hari tanpa selisih?",
            tag="public",
            answers={200: Answer(says="Whole days without a difference.", body=Body(shape=LedgerView))},
        )
    ),
)
async def get_ledger(services: Parts) -> Reply:
    """Whole days without a difference in the books, and when they were last held against each other."""
    return reply(LedgerView.of(await services.standing.now()))


HANDLERS = [create_verification, get_serial, compare_digest, get_ledger]
