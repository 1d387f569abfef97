"""What buyers are told: over a real database and a real mail server."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from bubuh.adapters.development_sender import DevelopmentSender
from bubuh.adapters.null_sender import NullSender
from bubuh.adapters.smtp_sender import SmtpSender
from bubuh.core.ids import AccountId, fresh_id, show_id
from bubuh.core.shards import shard_of_account
from bubuh.db.pool import Conn, Database
from bubuh.identity.model import AccountKind
from bubuh.identity.open_account import open_account
from bubuh.identity.people import store as people
from bubuh.identity.people.contacts import read_contact
from bubuh.identity.people.keys import PersonKey
from bubuh.outbox.ports import By, Message, MessageRefused, SenderUnavailable
from bubuh.outbox.publish import publish
from bubuh.settings import Settings
from bubuh.wiring.senders import choose_sender
from bubuh.worker.notices import LINES
from bubuh.worker.routes import all_routes, tell
from tests.conftest import Dsns
from tests.worker.mail_server import MailServer, mail_server

SECRET = b"p" * 32
KEY = PersonKey(SECRET)
FROM = "kabar@meterai.example"
ADDRESS = "siti@contoh.id"


def sender_of(server: MailServer) -> Any:
    return SmtpSender(server.url, mail_from=FROM, rest_s=0.0)


async def buyer(db: Database, *, contact: str = ADDRESS) -> AccountId:
    async with db.transaction() as conn:
        opened = await open_account(conn, kind=AccountKind.PERSON, name="Siti")
        address = read_contact(contact).address
        await people.add_contact(
            conn,
            address_index=KEY.index(address, "contact"),
            user_id=opened.user_id,
            address_sealed=KEY.seal(address, "contact"),
        )
    return opened.account_id


async def happened(
    db: Database, account_id: AccountId, topic: str, subject: UUID | None = None, **facts: Any
) -> UUID:
    subject = subject or fresh_id(account_id)
    async with db.transaction() as conn:
        assert await publish(conn, account_id=account_id, topic=topic, subject=subject, facts=facts)
    return subject


async def tell_twice(db: Database, owner_conn: Conn, account_id: AccountId, sender: Any) -> None:
    """The round that lets facts wait, the one that makes letters, and the one that sends them."""
    routes = all_routes(sender=sender, person_key=KEY)
    for _ in range(3):
        await tell(db, shard_of_account(account_id), routes=routes)
        await owner_conn.execute("UPDATE outbox_facts SET not_before = now() WHERE told_at IS NULL")


async def untold(owner_conn: Conn) -> int:
    count: int = await owner_conn.fetchval("SELECT count(*) FROM outbox_facts WHERE told_at IS NULL")
    return count


async def test_a_filled_order_is_one_mail_indonesian_first(
    db: Database, owner_conn: Conn, tmp_path: Path
) -> None:
    account_id = await buyer(db)
    with mail_server(tmp_path / "mails") as server:
        order = await happened(db, account_id, "order.filled", stamps=1200)
        await tell_twice(db, owner_conn, account_id, sender_of(server))
        await tell_twice(db, owner_conn, account_id, sender_of(server))
        (mail,) = server.mails
    shown = show_id("ord", order)
    assert (mail["To"], mail["From"]) == (ADDRESS, FROM)
    assert mail.get_content().replace("\r\n", "\n") == (
        f"Pembayaran diterima: 1.200 meterai sudah masuk ke kuota Anda ({shown}).\n\n"
        f"Payment received: 1.200 stamp(s) are in your quota ({shown}).\n"
    )
    assert await untold(owner_conn) == 0


async def test_a_surge_of_an_account_is_one_mail_and_an_account_s_own(
    db: Database, owner_conn: Conn, tmp_path: Path
) -> None:
    account_id, other = await buyer(db), await buyer(db, contact="budi@contoh.id")
    with mail_server(tmp_path / "mails") as server:
        for _ in range(40):
            await happened(db, account_id, "stamp.returned", reason="worker_died_repeatedly")
        await happened(db, account_id, "refund.done", amount_idr=30_000, stamps=3)
        await happened(db, other, "refund.declined")
        for account in (account_id, other):
            await tell_twice(db, owner_conn, account, sender_of(server))
        texts = {mail["To"]: mail.get_content() for mail in server.mails}
        assert len(server.mails) == 2
    assert "40 meterai tidak jadi dibubuhkan" in texts[ADDRESS]
    assert "+37" in texts[ADDRESS]
    assert "Dana Rp30.000 telah dikembalikan" in texts[ADDRESS]
    assert "ditolak" not in texts[ADDRESS]
    assert "ditolak" in texts["budi@contoh.id"]


@pytest.mark.parametrize("topic", list(LINES))
async def test_every_fact_has_words_in_both_languages(
    db: Database, owner_conn: Conn, tmp_path: Path, topic: str
) -> None:
    account_id = await buyer(db)
    facts: dict[str, Any] = {
        "stamps": 2,
        "amount_idr": 20_000,
        "missing_idr": 5_000,
        "order": str(fresh_id(account_id)),
    }
    with mail_server(tmp_path / "mails") as server:
        await happened(db, account_id, topic, **facts)
        await tell_twice(db, owner_conn, account_id, sender_of(server))
        (mail,) = server.mails
    lines = [line for line in mail.get_content().splitlines() if line]
    assert len(lines) == 2
    assert "{" not in mail.get_content()


async def test_what_was_lacking_is_no_news_once_the_rest_came(
    db: Database, owner_conn: Conn, tmp_path: Path
) -> None:
    account_id = await buyer(db)
    with mail_server(tmp_path / "mails") as server:
        order = await happened(db, account_id, "order.underpaid", missing_idr=5_000)
        await happened(db, account_id, "order.filled", order, stamps=2)
        await happened(db, account_id, "stamp.returned", reason="cancelled_by_owner")
        await tell_twice(db, owner_conn, account_id, sender_of(server))
        (mail,) = server.mails
    assert "kurang" not in mail.get_content()
    assert "dibubuhkan" not in mail.get_content()


async def test_a_letter_waits_sealed_and_names_no_address(db: Database, owner_conn: Conn) -> None:
    account_id = await buyer(db)
    await happened(db, account_id, "order.filled", stamps=1)
    await tell_twice(db, owner_conn, account_id, SmtpSender("smtp://127.0.0.1:9", mail_from=FROM))
    (row,) = await owner_conn.fetch(
        "SELECT topic, facts::text AS facts FROM outbox_facts WHERE told_at IS NULL"
    )
    assert row["topic"] == "buyer.letter"
    assert "siti" not in row["facts"]


_DIES = """
import asyncio, os, sys
from bubuh.adapters.smtp_sender import SmtpSender
from bubuh.core.shards import Shard
from bubuh.db.pool import Database
from bubuh.identity.people.keys import PersonKey
from bubuh.worker.routes import all_routes, tell

class Dies:
    async def send(self, message):
        await SmtpSender(sys.argv[2], mail_from="kabar@meterai.example").send(message)
        os._exit(9)  # taken by the server, and nobody here has written that down

async def main():
    async with await Database.open(sys.argv[1], size=2) as db:
        routes = all_routes(sender=Dies(), person_key=PersonKey(b"p" * 32))
        await tell(db, Shard(int(sys.argv[3])), routes=routes)

asyncio.run(main())
"""


async def test_a_crash_between_sent_and_told_sends_the_same_mail_and_no_other_about_its_fact(
    db: Database, dsns: Dsns, owner_conn: Conn, tmp_path: Path
) -> None:
    account_id = await buyer(db)
    shard = str(int(shard_of_account(account_id)))
    with mail_server(tmp_path / "mails") as server:
        first = await happened(db, account_id, "order.filled", stamps=1)
        codes = []
        for _ in range(3):  # waits, is made a letter, is sent
            done = subprocess.run(  # noqa: ASYNC221 -- nothing else runs here
                [sys.executable, "-c", _DIES, dsns.app, server.url, shard], env=dict(os.environ), check=False
            )
            codes.append(done.returncode)
            await owner_conn.execute("UPDATE outbox_facts SET not_before = now() WHERE told_at IS NULL")
        assert codes == [0, 0, 9]
        assert len(server.mails) == 1
        second = await happened(db, account_id, "order.filled", stamps=7)
        await tell_twice(db, owner_conn, account_id, sender_of(server))
        mails = server.mails
    again = [mail for mail in mails if show_id("ord", first) in mail.get_content()]
    assert len({mail["Message-ID"] for mail in again}) == 1
    assert len({mail.get_content() for mail in again}) == 1
    (new,) = [mail for mail in mails if show_id("ord", second) in mail.get_content()]
    assert new["Message-ID"] != again[0]["Message-ID"]
    assert len(mails) == len(again) + 1 == 3
    assert await untold(owner_conn) == 0


async def test_a_server_that_is_down_is_spared_and_the_letter_comes_when_it_is_back(
    db: Database, owner_conn: Conn, tmp_path: Path
) -> None:
    account_id = await buyer(db)
    now = [0.0]
    down = SmtpSender("smtp://127.0.0.1:9", mail_from=FROM, clock=lambda: now[0])
    message = Message(by=By.EMAIL, to=ADDRESS, subject="-", text="-")
    for words in ("SMTPConnect", "a moment ago"):
        with pytest.raises(SenderUnavailable, match=words):
            await down.send(message)
    now[0] = 11.0
    with pytest.raises(SenderUnavailable, match="SMTPConnect"):
        await down.send(message)
    await happened(db, account_id, "order.filled", stamps=1)
    await tell_twice(db, owner_conn, account_id, down)
    assert await untold(owner_conn) == 1
    with mail_server(tmp_path / "mails") as server:
        await tell_twice(db, owner_conn, account_id, sender_of(server))
        assert len(server.mails) == 1


async def test_a_server_that_is_down_for_a_day_is_asked_ever_less_often_and_gets_each_letter_once(
    db: Database, owner_conn: Conn, tmp_path: Path
) -> None:
    """The day passes by the waits that the rows name; nobody sleeps through it."""
    account_id = await buyer(db)
    await happened(db, account_id, "order.filled", stamps=1)
    down = SmtpSender("smtp://127.0.0.1:9", mail_from=FROM, rest_s=0.0)
    await tell_twice(db, owner_conn, account_id, down)
    shard, routes, waits = (
        shard_of_account(account_id),
        all_routes(sender=down, person_key=KEY),
        list[float](),
    )
    while sum(waits) < 86_400:
        assert await tell(db, shard, routes=routes) == 0
        left = "SELECT extract(epoch FROM not_before - now())::float8 FROM outbox_facts WHERE told_at IS NULL"
        waits.append(await owner_conn.fetchval(left))
        await owner_conn.execute("UPDATE outbox_facts SET not_before = now() WHERE told_at IS NULL")
    assert len(waits) < 300
    assert max(waits) <= 300
    assert waits[:4] == sorted(waits[:4])
    with mail_server(tmp_path / "mails") as server:
        await tell_twice(db, owner_conn, account_id, sender_of(server))
        assert len(server.mails) == 1
    assert await untold(owner_conn) == 0


async def test_an_address_that_is_refused_for_good_is_not_tried_again(
    db: Database, owner_conn: Conn, tmp_path: Path
) -> None:
    account_id = await buyer(db)
    with mail_server(tmp_path / "mails", refuse="550 nobody of that name") as server:
        with pytest.raises(MessageRefused) as refused:
            await sender_of(server).send(Message(by=By.EMAIL, to=ADDRESS, subject="-", text="-"))
        await happened(db, account_id, "order.filled", stamps=1)
        with capture_logs() as logs:
            await tell_twice(db, owner_conn, account_id, sender_of(server))
    assert ADDRESS not in str(refused.value)
    assert await untold(owner_conn) == 0
    assert [log["event"] for log in logs] == ["message_refused"]
    assert ADDRESS not in str(logs)


async def test_a_server_that_says_later_is_asked_again(tmp_path: Path) -> None:
    with mail_server(tmp_path / "mails", refuse="451 greylisted") as server, pytest.raises(SenderUnavailable):
        await sender_of(server).send(Message(by=By.EMAIL, to=ADDRESS, subject="-", text="-"))


async def test_telephones_have_a_null_adapter_that_warns(
    db: Database, owner_conn: Conn, tmp_path: Path
) -> None:
    account_id = await buyer(db, contact="081234567890")
    with mail_server(tmp_path / "mails") as server, capture_logs() as logs:
        settings = Settings(smtp_url=server.url, mail_from=FROM)
        sender = choose_sender(settings, DevelopmentSender(tmp_path))
        await happened(db, account_id, "order.filled", stamps=1)
        await tell_twice(db, owner_conn, account_id, sender)
        assert server.mails == []
    said = [(log["event"], log["by"], log["log_level"]) for log in logs if "by" in log]
    started = [("null_sender", by, "warning") for by in ("sms", "whatsapp")]
    assert said == [*started, ("message_dropped", "whatsapp", "warning")]
    assert "81234567890" not in str(logs)


async def test_an_account_without_people_is_told_nothing_and_done_with(
    db: Database, owner_conn: Conn
) -> None:
    account_id = AccountId(65)
    await happened(db, account_id, "order.filled", stamps=1)
    await tell_twice(db, owner_conn, account_id, NullSender(By.EMAIL))
    assert await untold(owner_conn) == 0
