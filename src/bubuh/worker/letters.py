"""Write the letters that people are sent, in their language, and hand them to whoever carries them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID

import structlog

from bubuh.db.pool import Database
from bubuh.edge.words import Language, Words
from bubuh.identity.people.keys import PersonKey
from bubuh.identity.people.letters import Wanted, opened_letter
from bubuh.identity.people.model import ContactKind, Letter
from bubuh.outbox.model import Fact
from bubuh.outbox.ports import By, Message, MessageRefused, Sender

_log = structlog.get_logger(__name__)

SUBJECT: Final = Words("Bubuh: pesan untuk Anda", "Bubuh: a message for you")

LETTERS: Final[Mapping[Letter, Words]] = {
    Letter.REGISTER: Words(
        "Kode pendaftaran Bubuh: {code}. Berlaku 10 menit. Jangan beri tahu siapa pun.",
        "Your Bubuh registration code: {code}. It is good for 10 minutes. Tell it to nobody.",
    ),
    Letter.KNOWN: Words(
        "Seseorang mencoba mendaftar Bubuh dengan alamat ini, yang sudah memiliki akun. Bila itu Anda, "
        "silakan masuk, atau atur ulang kata sandi. Bila bukan, abaikan pesan ini.",
        "Somebody tried to register with Bubuh under this address, which has an account. If it was you, sign "
        "in or set a new password. If not, do nothing.",
    ),
    Letter.RESET: Words(
        "Kode atur ulang kata sandi Bubuh: {code}. Berlaku 10 menit. Bila bukan Anda yang meminta, abaikan.",
        "Your Bubuh code for a new password: {code}. It is good for 10 minutes. If you did not ask, do "
        "nothing.",
    ),
    Letter.UNKNOWN: Words(
        "Seseorang meminta kata sandi baru Bubuh untuk alamat ini, yang belum memiliki akun. Bila itu Anda, "
        "silakan mendaftar. Bila bukan, abaikan pesan ini.",
        "Somebody asked for a new Bubuh password for this address, which has no account. If it was you, "
        "register. If not, do nothing.",
    ),
    Letter.PIN: Words(
        "Kode untuk memilih PIN baru Bubuh: {code}. Berlaku 10 menit. Bila bukan Anda yang meminta, segera "
        "ganti kata sandi Anda.",
        "Your Bubuh code for a new PIN: {code}. It is good for 10 minutes. If you did not ask, change your "
        "password at once.",
    ),
    Letter.STAMPED: Words(
        "Dokumen bermeterai Anda siap diunduh: {link} (masuk dahulu; tautan ini tidak membuka apa pun bagi "
        "orang lain).",
        "Your stamped document is ready: {link} (sign in first; the link opens nothing for others).",
    ),
    Letter.CALLED: Words(
        "Giliran Anda tiba: nomor antrean {code} dipanggil. Buka {link} di perangkat yang mengambil nomor, "
        "lalu tekan Masuk sekarang. Waktunya terbatas; yang terlambat masih dapat masuk sebentar lagi.",
        "Your turn has come: number {code} was called. Open {link} on the device that took it and press "
        "Masuk sekarang. The time for it is limited; who is late may still enter for a while.",
    ),
    Letter.INVITED: Words(  # whose the invitation is stands on the page: a name in here could be anything
        "Anda diundang bertindak untuk sebuah organisasi di Bubuh. Masuk atau daftar, buka {link}, lalu "
        "tulis kode {code}. Berlaku 7 hari, sekali pakai. Bila Anda tidak menunggunya, abaikan pesan ini.",
        "You are invited to act for an organisation on Bubuh. Sign in or register, open {link} and type the "
        "code {code}. It is good for 7 days, once. If you did not expect it, do nothing.",
    ),
    Letter.REMOVED: Words(  # nor whose member they were: they know, and others need not
        "Anda tidak lagi bertindak untuk sebuah organisasi di Bubuh: pengurusnya mengeluarkan Anda. Akun "
        "Anda sendiri tidak berubah. Lihat akun Anda di {link}. Bila ini keliru, hubungi pengurusnya.",
        "You no longer act for an organisation on Bubuh: its administrator removed you. Your own account is "
        "unchanged. See your accounts at {link}. If this is a mistake, ask the administrator.",
    ),
}


async def send_letter(_: Database, fact: Fact, *, sender: Sender, key: PersonKey) -> None:
    """Send the letter that a fact wants; raises `SenderUnavailable`."""
    await hand_over(sender, written(opened_letter(fact.facts, fact.subject, key), no=fact.subject))


async def hand_over(sender: Sender, message: Message) -> None:
    """Send; what is refused for good is noted and not sent again. Raises `SenderUnavailable`."""
    try:
        await sender.send(message)
    except MessageRefused as fault:
        _log.warning("message_refused", by=str(message.by), no=str(message.no), why=str(fault))


def written(wanted: Wanted, *, no: UUID | None = None) -> Message:
    """The letter in its reader's language, or in all."""
    languages = list(Language) if wanted.language is None else [Language(wanted.language)]
    facts, words = {"code": wanted.code, "link": wanted.link}, LETTERS[wanted.letter]
    return Message(
        by=By.SMS if wanted.kind is ContactKind.PHONE else By.EMAIL,
        to=wanted.address,
        subject=" / ".join(SUBJECT.said(language) for language in languages),
        text="\n\n".join(words.said(language, facts) for language in languages),
        no=no,
    )
