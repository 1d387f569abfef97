"""An outage is declared, told, closed and signed; openssl holds the record against the service's root."""

from __future__ import annotations

import json
import subprocess
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import msgspec
import pytest

from bubuh.audit.verify import verify_shard
from bubuh.core.clock import utc_now
from bubuh.core.ids import THE_SERVICE, fresh_id, show_id
from bubuh.core.shards import shard_of_account
from bubuh.db.pool import Conn, Database
from bubuh.outages.declare import close_outage, open_outage, update_outage
from bubuh.outages.model import MOST_LETTERS, Function, Outage, OutageRecord, Said, Word
from bubuh.outages.refusals import OutageOver, OutageTimesWrong, OutageUnexplained, OutageUnknown
from bubuh.outages.store import list_since
from bubuh.signer.heads import StatementKey
from bubuh.signer.statements import sign_statements
from bubuh.statements.model import Kind, SignedStatement, Statement
from bubuh.statements.store import newest_signed, want
from bubuh.wiring.folder import DataFolder

ISSUER = "https://bubuh.example"
WORDS = Said(indonesian="Pembubuhan berhenti.", english="Stamping has stopped.", next_update_at=None)


def word(said: Said = WORDS) -> Word:
    return Word(id=fresh_id(THE_SERVICE), said=said)


async def opened(db: Database, *functions: Function, said: Said = WORDS) -> Outage:
    async with db.transaction() as conn:
        return await open_outage(
            conn,
            functions=functions or {Function.STAMP},
            began_at=utc_now() - timedelta(hours=1),
            word=word(said),
            actor="local",
            issuer=ISSUER,
        )


async def closed(db: Database, outage_id: UUID) -> Outage:
    async with db.transaction() as conn:
        return await close_outage(conn, outage_id, ended_at=None, word=word(), actor="local", issuer=ISSUER)


async def signed(db: Database, outage: Outage) -> SignedStatement:
    found = await newest_signed(db, Kind.OUTAGE, outage.id)
    assert found is not None
    return found


def is_proved(record: bytes, signature: bytes, root: Path, scratch: Path) -> bool:
    """What openssl says."""
    (scratch / "record.json").write_bytes(record)
    (scratch / "record.p7s").write_bytes(signature)
    told = subprocess.run(
        (
            *("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-purpose", "any", "-CAfile", root),
            *("-in", scratch / "record.p7s", "-content", scratch / "record.json"),
        ),
        capture_output=True,
        check=False,
    )
    return told.returncode == 0 and told.stdout == record


async def test_what_an_operator_says_is_told_and_audited(db: Database) -> None:
    first = await opened(db, Function.STAMP, Function.BUY)
    more = Said(
        indonesian="Sedang diperbaiki.", english="On it.", next_update_at=utc_now() + timedelta(hours=1)
    )
    async with db.transaction() as conn:
        second = await update_outage(conn, first.id, word=word(more), actor="local", issuer=ISSUER)
    assert [update.said for update in second.updates] == [WORDS, more]
    assert not second.is_over
    assert not second.is_overdue(utc_now())
    assert second.is_overdue(utc_now() + timedelta(hours=2)), "what was promised was not kept"
    last = await closed(db, first.id)
    assert last.is_over
    assert not last.is_overdue(utc_now() + timedelta(hours=2))
    assert await list_since(db, utc_now() - timedelta(days=1)) == [last]
    assert not await list_since(db, utc_now()), "it is over, and began before"
    acts = await db.fetch("SELECT act FROM audit_entries WHERE account_id = $1 ORDER BY no", THE_SERVICE)
    assert [row["act"] for row in acts] == ["outage.open", "outage.update", "outage.close"]
    assert not await verify_shard(db, shard_of_account(THE_SERVICE))


async def test_the_record_is_proved_by_openssl_and_a_changed_one_is_not(
    db: Database, signer_db: Database, statement_key: StatementKey, key_folder: DataFolder, tmp_path: Path
) -> None:
    outage = await opened(db, Function.STAMP, Function.BUY)
    assert await newest_signed(db, Kind.OUTAGE, outage.id) is None
    assert await sign_statements(signer_db, statement_key) == 1
    assert await sign_statements(signer_db, statement_key) == 0, "once"
    record = await signed(db, outage)
    facts = msgspec.json.decode(record.statement.facts, type=OutageRecord)
    assert facts.issuer == ISSUER
    assert facts.subject == show_id("out", outage.id)
    assert facts.functions == [Function.BUY, Function.STAMP]
    assert (facts.began_at, facts.ended_at) == (outage.began_at, None)
    bytes_ = record.statement.facts
    assert is_proved(bytes_, record.signature, key_folder.root_certificate, tmp_path)
    longer = bytes_.replace(b'"ended_at":null', b'"ended_at":"2030-01-01T00:00:00Z"')
    assert longer != bytes_
    assert not is_proved(longer, record.signature, key_folder.root_certificate, tmp_path)
    await closed(db, outage.id)
    assert await sign_statements(signer_db, statement_key) == 1
    last = json.loads((await signed(db, outage)).statement.facts)
    assert last["no"] == 2
    assert last["ended_at"] is not None


async def test_the_signer_signs_nothing_that_it_does_not_understand(
    db: Database, signer_db: Database, statement_key: StatementKey
) -> None:
    outage = await opened(db)
    record = OutageRecord(
        issuer=ISSUER,
        subject="out_1",
        no=7,
        functions=[],
        began_at=utc_now(),
        ended_at=None,
        stated_at=utc_now(),
    )
    strange = [b'{"kind":"stamp"}', b"%PDF-1.7", msgspec.json.encode(record)]
    async with db.transaction() as conn:
        for no, facts in enumerate(strange, start=1):
            other = Statement(kind=Kind.OUTAGE, subject=fresh_id(THE_SERVICE), no=no, facts=facts)
            await want(conn, other)
    assert await sign_statements(signer_db, statement_key) == 1
    assert (await signed(db, outage)).statement.subject == outage.id
    left = await db.fetchval(
        "SELECT count(*) FROM statements WHERE signature IS NULL AND refused_at IS NOT NULL"
    )
    assert left == len(strange)


async def test_times_that_cannot_be_are_refused(db: Database) -> None:
    past, future = utc_now() - timedelta(hours=2), utc_now() + timedelta(hours=2)
    late = Said(indonesian="x", english="x", next_update_at=past)
    async with db.transaction() as conn:
        with pytest.raises(OutageTimesWrong) as wrong:
            await open_outage(
                conn, functions={Function.BUY}, began_at=future, word=word(), actor="local", issuer=ISSUER
            )
        assert wrong.value.details["which"] == "began_at"
        with pytest.raises(OutageTimesWrong) as wrong:
            await open_outage(
                conn, functions={Function.BUY}, began_at=None, word=word(late), actor="local", issuer=ISSUER
            )
        assert wrong.value.details["which"] == "next_update_at"
    outage = await opened(db)
    for ended_at in (past, future):
        async with db.transaction() as conn:
            with pytest.raises(OutageTimesWrong):
                await close_outage(
                    conn, outage.id, ended_at=ended_at, word=word(), actor="local", issuer=ISSUER
                )


@pytest.mark.parametrize("text", ["", " ", "a" * (MOST_LETTERS + 1)])
async def test_an_outage_needs_words_in_both_languages(db: Database, text: str) -> None:
    for said in (
        Said(indonesian=text, english="x", next_update_at=None),
        Said(indonesian="x", english=text, next_update_at=None),
    ):
        with pytest.raises(OutageUnexplained):
            await opened(db, said=said)


async def test_what_is_over_or_unknown_is_not_spoken_of(db: Database) -> None:
    outage = await opened(db)
    await closed(db, outage.id)
    with pytest.raises(OutageOver):
        await closed(db, outage.id)
    with pytest.raises(OutageUnknown):
        await closed(db, fresh_id(THE_SERVICE))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE outage_updates SET text_id = 'x'",
        "DELETE FROM outages",
        "UPDATE statements SET facts = '{}'",
        "UPDATE outages SET began_at = now()",
        "DELETE FROM statements",
        "SELECT statement_sign('outage', gen_random_uuid(), 1, 'k', 's')",
    ],
)
async def test_the_application_takes_nothing_back_and_signs_nothing(conn: Conn, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await conn.execute(statement)


async def test_the_signer_wants_nothing_by_itself(signer_conn: Conn) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await signer_conn.execute(
            "INSERT INTO statements (kind, subject, no, facts) VALUES ('outage', gen_random_uuid(), 1, '{}')"
        )
