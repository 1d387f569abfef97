"""Who asked is told once when their number is called, whatever dies meanwhile; over a real database."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from bubuh.adapters.development_sender import DevelopmentSender
from bubuh.core.clock import utc_now
from bubuh.core.ids import AccountId
from bubuh.core.shards import shard_of_account
from bubuh.db.pool import Conn, Database
from bubuh.identity.model import AccountKind
from bubuh.identity.open_account import open_account
from bubuh.identity.people import store as people
from bubuh.identity.people.contacts import read_contact
from bubuh.identity.people.keys import PersonKey
from bubuh.outbox.ports import By, Message
from bubuh.reminders import store
from bubuh.reminders.ask import ask
from bubuh.reminders.tell import tell_called
from bubuh.waitingroom.draw import Order
from bubuh.waitingroom.proof import Shown
from bubuh.waitingroom.refusals import TurnForeign, TurnOver, TurnRefused
from bubuh.waitingroom.room_file import LaneNow, Now
from bubuh.waitingroom.turn import TURN_LIFE_S, bind_of, show_bytes
from bubuh.worker.routes import all_routes, tell
from tests.conftest import Dsns

KEY = PersonKey(b"p" * 32)
UMUM, CPNS = 3, 12
TITLES = {UMUM: "Umum", CPNS: "CPNS"}
LINK = "http://gerbang/antre"
NOW_S = int(datetime(2026, 11, 22, 15, 0, tzinfo=UTC).timestamp())


@dataclass(frozen=True)
class Person:
    account_id: AccountId
    user_id: UUID


async def person(db: Database, *contacts: str) -> Person:
    async with db.transaction() as conn:
        opened = await open_account(conn, kind=AccountKind.PERSON, name="Sari")
        for each in contacts or (f"{opened.user_id.hex}@contoh.id",):
            address = read_contact(each).address
            await people.add_contact(
                conn,
                address_index=KEY.index(address, "contact"),
                user_id=opened.user_id,
                address_sealed=KEY.seal(address, "contact"),
            )
    return Person(opened.account_id, opened.user_id)


def now(serving: int, *, cpns: int = 0, draw: Any = None) -> Now:
    lanes = {"umum": LaneNow(UMUM, serving, 10_000, 1.0, 0.7), "cpns": LaneNow(CPNS, cpns, 10_000, 1.0, 0.7)}
    return Now(t=NOW_S, open=True, lanes=lanes, draw=draw)


async def asked(
    db: Database, who: Person, number: int, *, lane: int = UMUM, place: int | None = -1, language: str = "id"
) -> None:
    await store.ask(
        db,
        account_id=who.account_id,
        user_id=who.user_id,
        lane=lane,
        number=number,
        place=number if place == -1 else place,
        language=language,
        expires_at=utc_now() + timedelta(hours=72),
    )


async def told(db: Database, at: Now) -> int:
    return await tell_called(db, at, titles=TITLES, link=LINK, key=KEY)


async def sent(db: Database, *those: Person, folder: Path) -> Sequence[Message]:
    """What the development sender has, once everything that waits was sent."""
    sender = DevelopmentSender(folder)
    routes = all_routes(sender=sender, person_key=KEY)
    for one in those:
        await tell(db, shard_of_account(one.account_id), routes=routes)
    return [letter.message for letter in sender.letters()]


async def test_who_asked_is_told_once_when_called_and_no_sooner(db: Database, tmp_path: Path) -> None:
    sari = await person(db)
    await asked(db, sari, 41)
    assert await told(db, now(40)) == 0
    assert await told(db, now(41)) == 1
    assert await told(db, now(900)) == 0
    (message,) = await sent(db, sari, folder=tmp_path)
    assert (message.by, message.to) == (By.EMAIL, f"{sari.user_id.hex}@contoh.id")
    assert "41 (Umum) dipanggil" in message.text
    assert LINK in message.text
    (stands,) = await store.list_of(db, sari.account_id, sari.user_id)
    assert stands.told_at is not None
    await asked(db, sari, 41)  # once more, for the same number
    assert await told(db, now(901)) == 0
    await store.withdraw(db, sari.account_id, sari.user_id, UMUM)
    await asked(db, sari, 41)
    assert await told(db, now(902)) == 1
    assert len(await sent(db, sari, folder=tmp_path)) == 1, "the same fact, and so no second message"


async def test_what_is_called_together_is_one_message_a_person(db: Database, tmp_path: Path) -> None:
    sari, budi = await person(db), await person(db, "0812-3456-7890")
    await asked(db, sari, 7)
    await asked(db, sari, 5, lane=CPNS)
    await asked(db, budi, 8, language="en")
    assert await told(db, now(100, cpns=100)) == 3
    by_reader = {message.to: message for message in await sent(db, sari, budi, folder=tmp_path)}
    assert len(by_reader) == 2
    text = by_reader[f"{sari.user_id.hex}@contoh.id"].text
    assert "7 (Umum)" in text
    assert "5 (CPNS)" in text
    assert by_reader["+6281234567890"].by is By.SMS
    assert "Your turn has come" in by_reader["+6281234567890"].text


async def test_a_later_number_takes_the_place_of_the_one_before(db: Database, tmp_path: Path) -> None:
    sari = await person(db)
    await asked(db, sari, 3)
    assert await told(db, now(3)) == 1
    await asked(db, sari, 9)
    assert await told(db, now(8)) == 0
    assert await told(db, now(9)) == 1
    texts = [message.text for message in await sent(db, sari, folder=tmp_path)]
    assert len(texts) == 2
    assert sum("9 (Umum)" in text for text in texts) == 1


async def test_what_was_taken_back_expired_or_left_is_not_told(db: Database, owner_conn: Conn) -> None:
    sari, budi, tuti, joko = [await person(db) for _ in range(4)]
    for one in (sari, budi, tuti, joko):
        await asked(db, one, 5)
    await store.withdraw(db, sari.account_id, sari.user_id, UMUM)
    await owner_conn.execute(
        "UPDATE turn_reminders SET expires_at = now() - interval '1 s' WHERE account_id = $1", budi.account_id
    )
    await owner_conn.execute("DELETE FROM memberships WHERE user_id = $1", tuti.user_id)
    async with db.transaction() as conn:
        await store.forget(conn, joko.account_id, joko.user_id)
    assert await told(db, now(5)) == 1, "of the one who left the account, for whom nobody is written to"
    assert await owner_conn.fetchval("SELECT count(*) FROM outbox_facts WHERE topic = 'person.letter'") == 0
    assert await store.list_of(db, budi.account_id, budi.user_id) == []
    await store.sweep(db, shard_of_account(budi.account_id))
    assert await owner_conn.fetchval("SELECT count(*) FROM turn_reminders") == 1


async def test_a_drawn_number_is_told_of_when_its_place_is_called(db: Database, tmp_path: Path) -> None:
    key, base, last = bytes(range(16)), 10, 40
    order = Order(key, lane=UMUM, size=last - base)
    number = next(base + 1 + at for at in range(last - base) if order.place(at) > 20)
    place = base + 1 + order.place(number - base - 1)
    sari, budi = await person(db), await person(db)
    await asked(db, sari, number, place=None)
    await asked(db, budi, 4)
    pending = (show_bytes(bytes(32)), {UMUM: base})
    assert await told(db, now(10, draw=pending)) == 1, "whoever joined before the draw was announced"
    drawn = (show_bytes(key), {UMUM: (base, last)})
    assert await told(db, now(place - 1, draw=drawn)) == 0
    (waits,) = await store.list_of(db, sari.account_id, sari.user_id)
    assert waits.place == place
    assert await told(db, now(place)) == 1, "the draw is not shown any more"
    assert len(await sent(db, sari, budi, folder=tmp_path)) == 2


@pytest.mark.parametrize(
    ("number", "draw", "place"),
    [
        (7, None, 7),
        (7, {UMUM: 7}, 7),
        (8, {UMUM: 7}, None),
        (8, {CPNS: 7}, 8),
        (7, {UMUM: (7, 20)}, 7),
        (21, {UMUM: (7, 20)}, 21),
    ],
)
def test_only_who_takes_part_in_a_draw_waits_for_it(number: int, draw: Any, place: int | None) -> None:
    told_now = now(0, draw=None if draw is None else (show_bytes(bytes(16)), draw))
    assert told_now.place(UMUM, number) == place


async def test_several_workers_tell_each_once(db: Database, tmp_path: Path) -> None:
    everybody = [await person(db) for _ in range(12)]
    for number, one in enumerate(everybody, 1):
        await asked(db, one, number)
    counts = await asyncio.gather(*(told(db, now(serving)) for serving in (4, 12, 12, 9)))
    counts.append(await told(db, now(12)))
    assert sum(counts) == 12
    assert len(await sent(db, *everybody, folder=tmp_path)) == 12


def shown(**given: Any) -> Shown:
    facts: dict[str, Any] = {"lane": UMUM, "number": 5, "subject": "00" * 16, "holder": ""}
    facts |= {"is_spent": False, "seen": None, "place": 5, "issued_at": NOW_S, "is_browsers": False}
    return Shown(**(facts | given))


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"issued_at": NOW_S - TURN_LIFE_S}, TurnRefused),
        ({"holder": f"{bind_of(AccountId(7)):016x}"}, TurnForeign),
        ({"is_spent": True}, TurnOver),
    ],
)
async def test_only_a_living_turn_of_ones_own_is_told_of(
    db: Database, given: dict[str, Any], refusal: type[Exception]
) -> None:
    sari = await person(db)
    with pytest.raises(refusal):
        await ask(db, sari.account_id, sari.user_id, shown(**given), language="id", now_s=NOW_S)
    assert await store.list_of(db, sari.account_id, sari.user_id) == []


async def test_a_browsers_turn_and_ones_own_may_be_asked_of(db: Database) -> None:
    sari = await person(db)
    now_s = int(utc_now().timestamp())
    own = shown(holder=f"{bind_of(sari.account_id):016x}", issued_at=now_s)
    browsers = replace_shown(own, holder="00" * 8, is_browsers=True, number=6, lane=CPNS, place=None)
    for one in (own, browsers):
        await ask(db, sari.account_id, sari.user_id, one, language="en", now_s=now_s)
    found = {one.lane: one for one in await store.list_of(db, sari.account_id, sari.user_id)}
    assert (found[UMUM].place, found[CPNS].place) == (5, None)
    assert found[UMUM].expires_at == datetime.fromtimestamp(now_s + TURN_LIFE_S, UTC)


def replace_shown(one: Shown, **given: Any) -> Shown:
    return Shown(**({name: getattr(one, name) for name in one.__struct_fields__} | given))


_DIES = """
import asyncio, os, sys
from pathlib import Path
from bubuh.adapters.development_sender import DevelopmentSender
from bubuh.core.shards import Shard
from bubuh.db.pool import Database
from bubuh.identity.people.keys import PersonKey
from bubuh.reminders import store
from bubuh.reminders.tell import tell_called
from bubuh.waitingroom.room_file import LaneNow, Now
from bubuh.worker.routes import all_routes, tell

KEY = PersonKey(b"p" * 32)

class Dies:
    async def send(self, message):
        await DevelopmentSender(Path(sys.argv[2])).send(message)
        os._exit(9)  # it was sent, and nobody has written that down

async def die(*_):
    os._exit(8)  # the letter is written, and nothing is committed

async def main():
    async with await Database.open(sys.argv[1], size=2) as db:
        if sys.argv[4] == "before":
            store.mark_told = die
        now = Now(t=0, open=True, lanes={"umum": LaneNow(3, 41, 50, 1.0, 0.7)})
        await tell_called(db, now, titles={3: "Umum"}, link="http://gerbang/antre", key=KEY)
        await tell(db, Shard(int(sys.argv[3])), routes=all_routes(sender=Dies(), person_key=KEY))

asyncio.run(main())
"""


async def test_a_worker_that_dies_before_or_after_telling_leaves_exactly_one_message(
    db: Database, dsns: Dsns, owner_conn: Conn, tmp_path: Path
) -> None:
    sari = await person(db)
    await asked(db, sari, 41)
    shard = str(int(shard_of_account(sari.account_id)))
    codes = []
    for where in ("before", "before", "after", "after"):
        done = subprocess.run(  # noqa: ASYNC221 -- nothing else runs here
            [sys.executable, "-c", _DIES, dsns.app, str(tmp_path), shard, where],
            env=dict(os.environ),
            check=False,
        )
        codes.append(done.returncode)
        await owner_conn.execute("UPDATE outbox_facts SET not_before = now() WHERE told_at IS NULL")
    assert codes == [8, 8, 9, 9]
    (message,) = await sent(db, sari, folder=tmp_path)
    assert "41 (Umum)" in message.text
    assert await owner_conn.fetchval("SELECT count(*) FROM outbox_facts WHERE told_at IS NULL") == 0
    assert (await store.list_of(db, sari.account_id, sari.user_id))[0].told_at is not None


async def test_the_row_holds_no_address(db: Database, owner_conn: Conn) -> None:
    sari = await person(db, "sari@contoh.id")
    await asked(db, sari, 41)
    await told(db, now(41))
    rows = await owner_conn.fetch("SELECT r::text AS row FROM turn_reminders AS r")
    rows += await owner_conn.fetch("SELECT f.facts::text AS row FROM outbox_facts AS f")
    assert len(rows) >= 2
    assert not [row["row"] for row in rows if "contoh" in row["row"]]
