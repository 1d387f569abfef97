"""Tell buyers what became of their money and stamps: one message for what happened together.

A fact waits once, about ten seconds, for others of its account. Then all that wait become letters, one a
person, in the transaction that closes them: no fact is in two letters. A letter has a number for ever and
says the same words however often it is sent.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec

from bubuh.core.ids import AccountId, derived_id, show_id
from bubuh.db.pool import Conn, Database
from bubuh.edge.words import Language, Words
from bubuh.identity.people.contacts import read_contact
from bubuh.identity.people.keys import PersonKey
from bubuh.identity.people.model import Contact, ContactKind
from bubuh.identity.people.store import list_account_contacts
from bubuh.outbox.model import SEALED, Fact
from bubuh.outbox.ports import By, HeardLater, Message, Sender
from bubuh.outbox.publish import publish
from bubuh.outbox.store import lock_untold_of
from bubuh.outbox.told import mark_told
from bubuh.stamping.moves import ReturnReason
from bubuh.webhooks.note import note_events
from bubuh.worker.letters import hand_over

BUYER_LETTER: Final = "buyer.letter"
MOST_FACTS: Final = 500  #: in one letter
MOST_NAMED: Final = 3  #: orders or stamps that one line names
SUBJECT: Final = "Bubuh: kabar pembayaran dan meterai Anda / your payments and stamps"

#: One line a topic, in the order they are read in.
LINES: Final[Mapping[str, Words]] = {
    "order.filled": Words(
        "Pembayaran diterima: {stamps} meterai sudah masuk ke kuota Anda ({which}).",
        "Payment received: {stamps} stamp(s) are in your quota ({which}).",
    ),
    "order.underpaid": Words(
        "Pembayaran kurang {missing} ({which}). Bayar sisanya; bila tidak, uangnya dikembalikan setelah "
        "pesanan berakhir.",
        "{missing} is missing ({which}). Pay the rest; else your money goes back once the order has expired.",
    ),
    "refund.opened": Words(
        "Pengembalian dana {amount} sedang diproses ({which}).",
        "A refund of {amount} is under way ({which}).",
    ),
    "refund.done": Words("Dana {amount} telah dikembalikan ({which}).", "{amount} was paid back ({which})."),
    "refund.failed": Words(
        "Pengembalian dana {amount} gagal ({which}). Meterai yang ditahan untuk itu kembali ke kuota Anda; "
        "uang yang tidak membeli meterai ditangani petugas kami.",
        "A refund of {amount} failed ({which}). Stamps held for it are back in your quota; money that bought "
        "no stamps is seen to by our staff.",
    ),
    "refund.declined": Words(
        "Permintaan pengembalian dana ditolak ({which}); meterainya kembali ke kuota Anda.",
        "A refund was declined ({which}); its stamps are back in your quota.",
    ),
    "payment.reversed": Words(
        "Bank menarik kembali {amount} ({which}); {stamps} meterai diambil dari kuota Anda.",
        "A bank took back {amount} ({which}); {stamps} stamp(s) were taken from your quota.",
    ),
    "stamp.returned": Words(
        "{count} meterai tidak jadi dibubuhkan dan kembali ke kuota Anda ({which}).",
        "{count} stamp(s) could not be affixed and are back in your quota ({which}).",
    ),
    "complaint.opened": Words(
        "Pengaduan Anda kami terima ({which}). Ikuti dengan nomor itu di halaman Pengaduan, tanpa masuk.",
        "We have your complaint ({which}). Follow it by that number on the complaints page; no need to sign "
        "in.",
    ),
    "complaint.answered": Words(
        "Pengaduan Anda sudah dijawab ({which}). Baca jawabannya di halaman Pengaduan dengan nomor itu.",
        "Your complaint was answered ({which}). Read the answer on the complaints page by that number.",
    ),
}


class _Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A message as it waits, sealed, in the outbox."""

    by: By
    to: str
    text: str


async def gather(db: Database, fact: Fact, *, key: PersonKey) -> None:
    """Make letters of this fact and all that wait with it; raises `HeardLater` the first time."""
    if fact.attempts == 0:
        raise HeardLater
    topics = list(LINES)
    while True:
        async with db.transaction() as conn:
            facts = await lock_untold_of(conn, fact.shard, fact.account_id, topics=topics, at_most=MOST_FACTS)
            if not facts:
                return
            await note_events(conn, fact.shard, facts)  # those that are closed before anybody took them
            await _publish_letters(conn, fact.account_id, facts, key=key)
            await mark_told(conn, fact.shard, facts)


async def send_buyer_letter(_: Database, fact: Fact, *, sender: Sender, key: PersonKey) -> None:
    """Send a letter that `gather` wrote; raises `SenderUnavailable`."""
    opened = key.open(base64.b64decode(fact.facts[SEALED]), _sealed_as(fact.subject))
    letter = msgspec.json.decode(opened, type=_Letter)
    await hand_over(
        sender, Message(by=letter.by, to=letter.to, subject=SUBJECT, text=letter.text, no=fact.subject)
    )


async def _publish_letters(
    conn: Conn, account_id: AccountId, facts: Sequence[Fact], *, key: PersonKey
) -> None:
    """One letter a person of the account, to the address they gave first."""
    text = written(facts)
    if not text:
        return
    said = "\0".join(f"{fact.topic} {fact.subject}" for fact in facts)
    for user_id, sealed in await list_account_contacts(conn, account_id):
        contact = read_contact(key.open(sealed, "contact"))
        subject = derived_id(account_id, BUYER_LETTER, f"{user_id}\0{said}")
        letter = _Letter(by=_carrier_of(contact), to=contact.address, text=text)
        words = key.seal(msgspec.json.encode(letter).decode(), _sealed_as(subject))
        told = {SEALED: base64.b64encode(words).decode()}
        await publish(conn, account_id=account_id, topic=BUYER_LETTER, subject=subject, facts=told)


def written(facts: Iterable[Fact]) -> str:
    """What `facts` say, Indonesian first; empty when they are nobody's news."""
    by_topic: dict[str, list[Fact]] = {topic: [] for topic in LINES}
    for fact in facts:
        if fact.facts.get("reason") != ReturnReason.CANCELLED:  # who cancels knows
            by_topic[fact.topic].append(fact)
    filled = {fact.subject for fact in by_topic["order.filled"]}
    by_topic["order.underpaid"] = [one for one in by_topic["order.underpaid"] if one.subject not in filled]
    told = [(LINES[topic], _sums(some)) for topic, some in by_topic.items() if some]
    return "\n\n".join(
        "\n".join(words.said(language, sums) for words, sums in told) for language in Language if told
    )


def _sums(facts: Sequence[Fact]) -> Mapping[str, str]:
    def total(name: str) -> int:
        return sum(int(fact.facts.get(name, 0)) for fact in facts)

    named = [_named(fact) for fact in facts[:MOST_NAMED]]
    more = [f"+{len(facts) - MOST_NAMED}"] if len(facts) > MOST_NAMED else []
    return {
        "count": _grouped(len(facts)),
        "stamps": _grouped(total("stamps")),
        "amount": "Rp" + _grouped(total("amount_idr")),
        "missing": "Rp" + _grouped(total("missing_idr")),
        "which": ", ".join(named + more),
    }


def _named(fact: Fact) -> str:
    """The order it is about, or else the stamp or refund itself."""
    order: Any = fact.facts.get("order")
    if order is not None:
        return show_id("ord", UUID(order))
    prefix = {"order": "ord", "stamp": "stm", "refund": "rfd", "complaint": "cmp"}[
        fact.topic.partition(".")[0]
    ]
    return show_id(prefix, fact.subject)


def _carrier_of(contact: Contact) -> By:
    return By.EMAIL if contact.kind is ContactKind.EMAIL else By.WHATSAPP


def _grouped(number: int) -> str:
    return f"{number:,}".replace(",", ".")


def _sealed_as(subject: UUID) -> str:
    return f"buyer letter {subject}"
