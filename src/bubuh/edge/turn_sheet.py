"""A proof of turn as people read it: one page, in both languages."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Final

from bubuh.pdf.sheet import Words, sheet
from bubuh.statements.model import to_bytes
from bubuh.waitingroom.proof import Outcome, TurnRecord

_WIB: Final = timezone(timedelta(hours=7), "WIB")
_MONTHS: Final = [
    "Januari",
    "Februari",
    "Maret",
    "April",
    "Mei",
    "Juni",
    "Juli",
    "Agustus",
    "September",
    "Oktober",
    "November",
    "Desember",
]


def turn_sheet(told: TurnRecord) -> bytes:
    """The page that the signer signs and the site hands out, not signed yet: the same for the same facts."""
    return sheet(_words(told), to_bytes(told), stated_at=told.stated_at)


def _words(told: TurnRecord) -> Words:
    number = f"{told.number:,}".replace(",", ".")
    return Words(
        title="Bukti antrean",
        paragraphs=(
            f"Nomor {number} di jalur “{told.title}” ({told.lane}) {_given(told)}. {_became(told)}",
            (
                f"Turn {told.number:,} of the lane “{told.title}” ({told.lane}) {_given_en(told)}. "
                f"{_became_en(told)}"
            ),
        ),
        small=(
            f"Keterangan no. {told.subject}/{told.no}, dibuat {_moment(told.stated_at)} oleh {told.issuer}.",
            *((f"Pemegang: {told.holder}",) if told.holder else ()),
            (
                "Isi keterangan terlampir sebagai facts.json; halaman ini ditandatangani dengan kunci "
                "pernyataan layanan, dan bukan meterai."
            ),
            "Periksa tanpa jaringan: bubuh turn verify BERKAS --trust root.pem",
            "Signed with the service's statement key; this is no stamp. Facts: facts.json, attached.",
        ),
    )


def _given(told: TurnRecord) -> str:
    if told.given_after is None:
        return f"sudah diambil pada {_moment(told.given_by)}"
    return f"diambil antara {_moment(told.given_after)} dan {_moment(told.given_by)}"


def _given_en(told: TurnRecord) -> str:
    if told.given_after is None:
        return f"had been taken by {_moment_en(told.given_by)}"
    return f"was taken between {_moment_en(told.given_after)} and {_moment_en(told.given_by)}"


def _became(told: TurnRecord) -> str:
    ahead = f"{told.ahead:,}".replace(",", ".")
    if told.outcome is Outcome.NOT_REACHED:
        assert told.deadline_at is not None
        assert told.waited_at is not None
        return (
            f"Pada tenggat {_moment(told.deadline_at)} nomor ini belum dipanggil: pada "
            f"{_moment(told.waited_at)} masih ada {ahead} nomor di depannya. Pemegangnya tidak dapat "
            "dilayani sebelum tenggat."
        )
    if told.called_by is not None:
        return f"Nomor ini sudah dipanggil pada {_moment(told.called_by)}."
    assert told.waited_at is not None
    return (
        f"Pada {_moment(told.waited_at)} nomor ini belum dipanggil; masih ada {ahead} nomor di depannya."
        + ("" if told.deadline_at is None else f" Tenggat jalur ini {_moment(told.deadline_at)}.")
    )


def _became_en(told: TurnRecord) -> str:
    if told.outcome is Outcome.NOT_REACHED:
        assert told.deadline_at is not None
        assert told.waited_at is not None
        return (
            f"When the deadline came, {_moment_en(told.deadline_at)}, it had not been called: at "
            f"{_moment_en(told.waited_at)} there were still {told.ahead:,} numbers before it. Its holder "
            "could not be served by the deadline."
        )
    if told.called_by is not None:
        return f"It had been called by {_moment_en(told.called_by)}."
    assert told.waited_at is not None
    return (
        f"At {_moment_en(told.waited_at)} it had not been called; there were still {told.ahead:,} numbers "
        "before it."
        + ("" if told.deadline_at is None else f" The lane's deadline is {_moment_en(told.deadline_at)}.")
    )


def _moment(at: datetime) -> str:
    there = at.astimezone(_WIB)
    return f"{there.day} {_MONTHS[there.month - 1]} {there.year} pukul {there:%H.%M.%S} WIB"


def _moment_en(at: datetime) -> str:
    there = at.astimezone(_WIB)
    return f"{there:%H:%M:%S} on {there:%Y-%m-%d} (UTC+7)"
