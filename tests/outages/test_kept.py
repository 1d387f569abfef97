"""Outages that are declared while the database is away: shown at once, taken in once, audited."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from bubuh.audit.verify import verify_shard
from bubuh.core.clock import utc_now
from bubuh.core.ids import THE_SERVICE, fresh_id
from bubuh.core.shards import shard_of_account
from bubuh.db.pool import Database
from bubuh.identity.make_key import make_key
from bubuh.identity.model import AccountKind, Environment, Role, Scope
from bubuh.identity.open_account import open_account
from bubuh.identity.secret import hash_secret
from bubuh.outages.declare import open_outage
from bubuh.outages.kept import FOLDER, Act, Kept, Shelf, with_kept
from bubuh.outages.model import Function, Said, Word
from bubuh.outages.store import list_since
from bubuh.outages.take_in import take_in

KEY = b"k" * 32
ISSUER = "https://bubuh.example"
NIGHT = datetime(2026, 11, 22, 22, 0, tzinfo=UTC)
SAID = Said(indonesian="Basis data berhenti.", english="The database has stopped.", next_update_at=None)


def word(*, minutes: int = 0) -> Word:
    said_at = NIGHT + timedelta(minutes=minutes)
    promised = replace(SAID, next_update_at=said_at + timedelta(minutes=30))
    return Word(id=fresh_id(THE_SERVICE), said=promised, said_at=said_at)


def opening(**given: object) -> Kept:
    first = word()
    return msgspec.structs.replace(
        Kept(act=Act.OPEN, outage=first.id, word=first, functions=[Function.BUY, Function.STAMP]), **given
    )


def update(outage: UUID, *, minutes: int) -> Kept:
    return Kept(act=Act.UPDATE, outage=outage, word=word(minutes=minutes))


def closing(outage: UUID, *, minutes: int) -> Kept:
    return Kept(act=Act.CLOSE, outage=outage, word=word(minutes=minutes))


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path, KEY)


async def taken(db: Database, shelf: Shelf, environment: Environment = Environment.TEST) -> int:
    return await take_in(db, shelf, environment=environment, issuer=ISSUER)


async def acts(db: Database) -> list[tuple[str, str]]:
    rows = await db.fetch(
        "SELECT act, actor FROM audit_entries WHERE shard = $1 AND account_id = $2 ORDER BY no",
        shard_of_account(THE_SERVICE),
        THE_SERVICE,
    )
    return [(row["act"], row["actor"]) for row in rows]


def refused(folder: Path) -> list[str]:
    return [path.suffix for path in (folder / FOLDER).iterdir()]


async def test_a_night_without_the_database_is_taken_in_as_it_was_told(db: Database, shelf: Shelf) -> None:
    first = opening()
    told = [first, update(first.outage, minutes=20), closing(first.outage, minutes=50)]
    for one in reversed(told):  # whenever it was written, it is read in the order it was said
        shelf.keep(one, uid=None)
    (shown,) = with_kept([], [one for _, one in shelf.words()])
    assert (shown.id, shown.began_at, shown.is_over) == (first.outage, NIGHT, True)
    assert await taken(db, shelf) == 3
    assert shelf.words() == []
    (stands,) = await list_since(db, NIGHT)
    assert [each.written_at for each in stands.updates] == [one.said_at for one in told]
    assert (stands.began_at, stands.ended_at) == (shown.began_at, shown.ended_at)
    assert [replace(each, actor="") for each in stands.updates] == list(shown.updates)
    assert await acts(db) == [(f"outage.{act}", "local") for act in ("open", "update", "close")]
    assert not await verify_shard(db, shard_of_account(THE_SERVICE))


async def test_what_was_taken_in_before_a_crash_is_not_taken_in_again(db: Database, shelf: Shelf) -> None:
    """Killed after the commit and before the file went, at the opening and at an update."""
    first = opening()
    more = update(first.outage, minutes=5)
    for _ in range(3):
        for one in (first, more):
            shelf.keep(one, uid=None)
        assert await taken(db, shelf) == 2
    (stands,) = await list_since(db, NIGHT)
    assert [each.no for each in stands.updates] == [1, 2]
    assert len(await acts(db)) == 2
    assert await db.fetchval("SELECT count(*) FROM statements WHERE subject = $1", first.outage) == 2


async def test_a_command_whose_answer_was_lost_declares_no_second_outage(db: Database, shelf: Shelf) -> None:
    """It was committed, nobody heard so, and the word was kept by the same id."""
    first = opening()
    async with db.transaction() as conn:
        await open_outage(
            conn,
            functions=first.functions,
            began_at=NIGHT,
            word=replace(first.word, said_at=None, said=SAID),
            actor="local",
            issuer=ISSUER,
        )
    shelf.keep(first, uid=None)
    await taken(db, shelf)
    (stands,) = await list_since(db, NIGHT)
    assert len(stands.updates) == 1


async def test_whose_key_it_was_is_looked_up_when_the_database_is_back(
    db: Database, shelf: Shelf, tmp_path: Path
) -> None:
    async with db.transaction() as conn:
        keys = []
        for roles in ([Role.OPERATOR], []):
            opened = await open_account(conn, kind=AccountKind.PERSON, name="Tuti", roles=roles)
            keys.append(
                await make_key(
                    conn,
                    account_id=opened.account_id,
                    user_id=opened.user_id,
                    scopes=(Scope.ALL,),
                    environment=Environment.LIVE,
                    actor="local",
                )
            )
    operators, somebodys = keys
    kept = opening(bearer=hash_secret(operators.secret).hex())
    shelf.keep(kept, uid=None)
    assert operators.secret not in "".join(path.read_text() for path, _ in shelf.words())
    assert await taken(db, shelf, Environment.LIVE) == 1
    assert [actor[:4] for act, actor in await acts(db) if act == "outage.open"] == ["usr_"]
    for bearer in (hash_secret(somebodys.secret).hex(), "00" * 32, None):
        shelf.keep(opening(bearer=bearer), uid=None)
    assert await taken(db, shelf, Environment.LIVE) == 0
    assert refused(tmp_path) == [".refused"] * 3
    assert len(await list_since(db, NIGHT)) == 1


async def test_what_the_rules_refuse_is_put_aside_and_holds_up_no_other(
    db: Database, shelf: Shelf, tmp_path: Path
) -> None:
    first = opening()
    strays = [update(fresh_id(THE_SERVICE), minutes=1), closing(first.outage, minutes=-5)]
    for one in (first, *strays, update(first.outage, minutes=9)):
        shelf.keep(one, uid=None)
    assert await taken(db, shelf) == 2
    assert refused(tmp_path) == [".refused"] * 2
    (stands,) = await list_since(db, NIGHT)
    assert not stands.is_over


def test_a_file_that_bears_no_mark_of_ours_is_shown_to_nobody(shelf: Shelf, tmp_path: Path) -> None:
    forger = Shelf(tmp_path, b"x" * 32)
    forger.keep(opening(), uid=None)
    path = shelf.keep(opening(), uid=None)
    path.write_bytes(path.read_bytes().replace(b"berhenti", b"berjalan"))
    (tmp_path / FOLDER / "0-x.word").write_text("{")
    assert shelf.words() == []
    assert refused(tmp_path) == [".refused"] * 3


def test_a_clock_that_runs_ahead_brings_nothing_into_the_future(shelf: Shelf) -> None:
    """The page shows what the file says; the database keeps its own time for what would be later than it."""
    late = replace(word(), said_at=utc_now() + timedelta(hours=1))
    kept = Kept(act=Act.OPEN, outage=late.id, word=late, functions=[Function.PAY])
    (shown,) = with_kept([], [kept])
    assert shown.functions == {Function.PAY}
    assert with_kept([shown], [kept]) == [shown]


async def test_a_word_of_the_future_is_written_at_the_databases_time(db: Database, shelf: Shelf) -> None:
    said = Said(indonesian="x", english="x", next_update_at=None)
    late = Word(id=fresh_id(THE_SERVICE), said=said, said_at=utc_now() + timedelta(hours=1))
    shelf.keep(Kept(act=Act.OPEN, outage=late.id, word=late, functions=[Function.PAY]), uid=None)
    assert await taken(db, shelf) == 1
    (stands,) = await list_since(db, NIGHT)
    assert stands.began_at <= utc_now()
