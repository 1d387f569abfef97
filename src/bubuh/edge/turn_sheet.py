"""A proof of turn as people read it: one page, in both languages."""

from __future__ import annotations

from bubuh.edge.figures import moment
from bubuh.edge.words import Language
from bubuh.pdf.sheet import Words, sheet
from bubuh.statements.model import to_bytes
from bubuh.waitingroom.proof import Outcome, TurnRecord


def turn_sheet(told: TurnRecord) -> bytes:
    """The page that the signer signs and the site hands out, not signed yet: the same for the same facts."""
    return sheet(_words(told), to_bytes(told), stated_at=told.stated_at)


def _words(told: TurnRecord) -> Words:
    return Words(
        title="Bukti antrean",
        paragraphs=tuple(said_of(told, language) for language in Language),
        small=(
            f"Keterangan no. {told.subject}/{told.no}, dibuat {moment(told.stated_at)} oleh {told.issuer}.",
            *((f"Pemegang: {told.holder}",) if told.holder else ()),
            (
                "Isi keterangan terlampir sebagai facts.json; halaman ini ditandatangani dengan kunci "
                "pernyataan layanan, dan bukan meterai."
            ),
            "Periksa tanpa jaringan: bubuh turn verify BERKAS --trust root.pem",
            "Signed with the service's statement key; this is no stamp. Facts: facts.json, attached.",
        ),
    )


def said_of(told: TurnRecord, language: Language) -> str:
    """What a proof says, in a few sentences."""
    if language is Language.ID:
        number = f"{told.number:,}".replace(",", ".")
        return f"Nomor {number} di jalur “{told.title}” ({told.lane}) {_given(told)}. {_became(told)}"
    lane = f"the lane “{told.title}” ({told.lane})"
    return f"Turn {told.number:,} of {lane} {_given_en(told)}. {_became_en(told)}"


def _given(told: TurnRecord) -> str:
    if told.given_after is None:
        return f"sudah diambil pada {moment(told.given_by)}"
    return f"diambil antara {moment(told.given_after)} dan {moment(told.given_by)}"


def _given_en(told: TurnRecord) -> str:
    if told.given_after is None:
        return f"had been taken by {moment(told.given_by)}"
    return f"was taken between {moment(told.given_after)} and {moment(told.given_by)}"


def _became(told: TurnRecord) -> str:
    ahead = f"{told.ahead:,}".replace(",", ".")
    if told.outcome is Outcome.NOT_REACHED:
        assert told.deadline_at is not None
        assert told.waited_at is not None
        return (
            f"Pada tenggat {moment(told.deadline_at)} nomor ini belum dipanggil: pada "
            f"{moment(told.waited_at)} masih ada {ahead} nomor di depannya. Pemegangnya tidak dapat "
            "dilayani sebelum tenggat."
        )
    if told.called_by is not None:
        return f"Nomor ini sudah dipanggil pada {moment(told.called_by)}."
    assert told.waited_at is not None
    return (
        f"Pada {moment(told.waited_at)} nomor ini belum dipanggil; masih ada {ahead} nomor di depannya."
        + ("" if told.deadline_at is None else f" Tenggat jalur ini {moment(told.deadline_at)}.")
    )


def _became_en(told: TurnRecord) -> str:
    if told.outcome is Outcome.NOT_REACHED:
        assert told.deadline_at is not None
        assert told.waited_at is not None
        return (
            f"When the deadline came, {moment(told.deadline_at)}, it had not been called: at "
            f"{moment(told.waited_at)} there were still {told.ahead:,} numbers before it. Its holder "
            "could not be served by the deadline."
        )
    if told.called_by is not None:
        return f"It had been called by {moment(told.called_by)}."
    assert told.waited_at is not None
    return (
        f"At {moment(told.waited_at)} it had not been called; there were still {told.ahead:,} numbers "
        "before it."
        + ("" if told.deadline_at is None else f" The lane's deadline is {moment(told.deadline_at)}.")
    )
