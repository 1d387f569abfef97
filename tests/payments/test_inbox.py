"""The inbox: everything is kept, what is signed is believed, and nothing counts twice."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import signal
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest

from bubuh.adapters.development_gateway import DevelopmentGateway
from bubuh.core.ids import fresh_id
from bubuh.db.pool import Conn, Database
from bubuh.orders.collect import run_asking_pass, run_notices_pass
from bubuh.orders.model import OrderState
from bubuh.orders.show import show_order
from bubuh.payments.lines import Kind
from bubuh.payments.model import MAX_NOTICE_BYTES, reference_of, shard_of_reference
from bubuh.payments.refusals import NoticeForged, NoticeTooLarge
from bubuh.payments.take_notice import FORGED, take_notice
from bubuh.payments.unmatched import show_unmatched
from tests.gateway_dev.rig import SECRET, Inbox, RunningGateway, Shop, make_principal, running_inbox


def signed(body: Any, secret: bytes = SECRET) -> tuple[bytes, dict[str, str]]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    timestamp = str(int(time.time()))
    signature = hmac.new(secret, f"{timestamp}.".encode() + raw, hashlib.sha256).hexdigest()
    return raw, {"Bubuh-Dev-Timestamp": timestamp, "Bubuh-Dev-Signature": signature}


def paid(
    reference: str, *, amount_idr: int = 30_000, payment_no: str = "pay_1", **change: Any
) -> dict[str, Any]:
    payment = {
        "payment_no": payment_no,
        "amount": amount_idr,
        "paid_at": "2026-11-01T09:00:00Z",
        "currency": "IDR",
    }
    charge = {"reference": reference, "state": "paid", "currency": "IDR", "payments": [payment]}
    return {"event_id": f"evt_{uuid4().hex}", "charge": charge | change}


async def take(shop: Shop, raw: bytes, headers: dict[str, str]) -> bool:
    return await take_notice(raw, headers, gateway=shop.gateway, db=shop.db, now=datetime.now(UTC))


async def work(db: Database) -> list[tuple[str, str | None]]:
    rows = await db.fetch("SELECT state, outcome FROM payment_notice_work ORDER BY event_id")
    return [(row["state"], row["outcome"]) for row in rows]


async def test_a_payment_is_credited_by_its_notice(shop: Shop, inbox: Inbox) -> None:
    placed = await shop.place(3)
    await shop.running.pay(reference_of(placed.shown.order.id))
    await inbox.until(1)
    assert await shop.free() == 0  # nothing is acted on while answering
    assert await run_notices_pass(shop.db, shop.gateways) == 1
    order = (await show_order(shop.db, shop.account_id, placed.shown.order.id)).order
    assert (order.state, order.amount_paid_idr) == (OrderState.FILLED, 30_000)
    assert await shop.free() == 3
    assert await shop.events(order.id) == {"placed", "paid", "filled"}
    transfers = await shop.db.fetch("SELECT ref, kind, debit, stamps, actor FROM quota_transfers")
    assert [tuple(row) for row in transfers] == [(order.id, "allot", "sold", 3, "gateway:development")]
    facts = await shop.db.fetch("SELECT topic, subject FROM outbox_facts")
    assert [tuple(row) for row in facts] == [("order.filled", order.id)]
    assert await run_notices_pass(shop.db, shop.gateways) == 0


async def test_1000_copies_of_a_notice_50_at_a_time_credit_once(shop: Shop, inbox: Inbox) -> None:
    placed = await shop.place(3)
    raw, headers = signed(paid(reference_of(placed.shown.order.id)))

    async def keep_processing() -> None:
        while True:
            await run_notices_pass(shop.db, shop.gateways)
            await asyncio.sleep(0.01)

    worker = asyncio.create_task(keep_processing())
    answers = await asyncio.gather(*(send(inbox, raw, headers, times=20) for _ in range(50)))
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
    await run_notices_pass(shop.db, shop.gateways)
    statuses = [status for some in answers for status in some]
    assert len(statuses) == 1_000
    assert 200 in statuses
    assert set(statuses) <= {200, 503}  # a gateway tells again what was answered 503
    assert await shop.free() == 3
    assert await shop.db.fetchval("SELECT count(*) FROM payment_notices") == 1


async def test_a_reversal_that_comes_before_its_payment_is_acted_upon_when_that_comes(
    shop: Shop, owner_conn: Conn
) -> None:
    reference = reference_of((await shop.place(3)).shown.order.id)
    back = {
        "reversal_no": "rev_1",
        "payment_no": "pay_1",
        "amount_idr": 30_000,
        "reversed_at": "2026-11-02T09:00:00Z",
    }
    assert await take(shop, *signed(paid(reference, payments=[], reversals=[back], state="closed")))
    await run_notices_pass(shop.db, shop.gateways)
    assert [(line.kind, line.amount) for line in await show_unmatched(shop.db)] == [(Kind.REVERSAL, 30_000)]
    assert await take(shop, *signed(paid(reference)))
    await run_notices_pass(shop.db, shop.gateways)
    assert await shop.free() == 3
    assert sorted(await work(shop.db), key=str) == [("done", "done"), ("waiting", "unknown")]
    await owner_conn.execute("UPDATE payment_notice_work SET not_before = now()")
    await run_notices_pass(shop.db, shop.gateways)
    assert await shop.free() == 0
    assert await show_unmatched(shop.db) == []
    assert sorted(await work(shop.db), key=str) == [("done", "done"), ("done", "done")]


async def send(inbox: Inbox, raw: bytes, headers: dict[str, str], *, times: int) -> list[int]:
    """The same notice again and again over one connection; its statuses."""
    url = urlsplit(inbox.address)
    assert url.port is not None
    head = [f"POST {url.path} HTTP/1.1", f"Host: {url.netloc}", f"Content-Length: {len(raw)}"]
    head += [f"{name}: {value}" for name, value in headers.items()]
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    statuses = []
    for _ in range(times):
        writer.write("\r\n".join([*head, "", ""]).encode() + raw)
        answer = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        statuses.append(int(answer.split()[1]))
        length = answer.partition("content-length: ")[2].split("\r\n")[0]
        await reader.readexactly(int(length or 0))
    writer.close()
    return statuses


async def test_one_payment_under_200_event_numbers_credits_once(shop: Shop) -> None:
    placed = await shop.place(3)
    for _ in range(200):
        assert await take(shop, *signed(paid(reference_of(placed.shown.order.id))))
    await asyncio.gather(*(run_notices_pass(shop.db, shop.gateways, at_most=50) for _ in range(8)))
    assert await shop.free() == 3
    assert {outcome for _, outcome in await work(shop.db)} == {"done", "already_done"}
    assert [outcome for _, outcome in await work(shop.db)].count("done") == 1


@pytest.mark.parametrize("how", ["no key", "amount", "unsigned", "replayed after a day"])
async def test_a_forged_notice_is_kept_and_never_credited(shop: Shop, how: str) -> None:
    placed = await shop.place(3)
    raw, headers = signed(paid(reference_of(placed.shown.order.id)), b"guess" if how == "no key" else SECRET)
    now = datetime.now(UTC)
    if how == "amount":
        raw = raw.replace(b"30000", b"30001")
    elif how == "unsigned":
        headers = {}
    elif how != "no key":
        now += timedelta(days=1)
    for _ in range(2):
        with pytest.raises(NoticeForged):
            await take_notice(raw, headers, gateway=shop.gateway, db=shop.db, now=now)
    assert await run_notices_pass(shop.db, shop.gateways) == 0
    assert await work(shop.db) == [("refused", "notice_forged")]
    assert await shop.db.fetchval("SELECT body FROM payment_notices") == raw
    assert await shop.free() == 0
    alarms = await shop.db.fetchval("SELECT count(*) FROM outbox_facts WHERE topic = $1", FORGED)
    assert alarms == 1  # one call, however many come


async def test_a_forger_does_not_take_the_place_of_the_true_notice(shop: Shop) -> None:
    placed = await shop.place(3)
    raw, headers = signed(paid(reference_of(placed.shown.order.id)))
    with pytest.raises(NoticeForged):
        await take(shop, raw, headers | {"Bubuh-Dev-Signature": "0" * 64})
    assert await take(shop, raw, headers)
    await run_notices_pass(shop.db, shop.gateways)
    assert await shop.free() == 3


async def test_the_gateways_own_forger_is_not_believed(shop: Shop, inbox: Inbox) -> None:
    await shop.running.script(forge=1)
    placed = await shop.place(3)
    await inbox.until(1)
    await run_notices_pass(shop.db, shop.gateways)
    assert inbox.answers == [401]
    assert await shop.free() == 0
    assert (
        await show_order(shop.db, shop.account_id, placed.shown.order.id)
    ).order.state is OrderState.PLACED


async def test_a_signature_is_checked_again_before_it_is_acted_on(shop: Shop) -> None:
    """A key found to be stolen is taken out: what it signed and still waits is refused."""
    placed = await shop.place(3)
    await take(shop, *signed(paid(reference_of(placed.shown.order.id))))
    rotated = DevelopmentGateway(lambda: shop.running.address, [b"a new key"])
    await run_notices_pass(shop.db, {"development": rotated})
    await rotated.close()
    assert await work(shop.db) == [("refused", "notice_forged")]
    assert await shop.free() == 0


async def test_a_body_larger_than_any_notice_is_not_kept(shop: Shop) -> None:
    with pytest.raises(NoticeTooLarge):
        await take(shop, *signed(b" " * (MAX_NOTICE_BYTES + 1)))
    assert await shop.db.fetchval("SELECT count(*) FROM payment_notices") == 0


async def test_secrets_in_headers_are_not_kept(shop: Shop) -> None:
    raw, headers = signed(b"{}")
    await take(shop, raw, headers | {"Authorization": "Basic c2VjcmV0", "Cookie": "a=b", "X-Odd": "\x00ÿ"})
    kept = json.loads(await shop.db.fetchval("SELECT headers FROM payment_notices"))
    assert kept == {name.lower(): value for name, value in headers.items()} | {"x-odd": "\x00ÿ"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00\xff",
        b"[" * 60_000,
        b'{"x":' * 10_000 + b"1" + b"}" * 10_000,
        b'{"event_id": "evt_1"}',
        json.dumps(paid("a\0b")).encode(),
        json.dumps(paid("r") | {"event_id": "evt_\0"}).encode(),
    ],
)
async def test_garbage_that_is_signed_is_for_people_and_stops_nobody(shop: Shop, body: bytes) -> None:
    placed = await shop.place(3)
    assert await take(shop, *signed(body))
    assert await take(shop, *signed(paid(reference_of(placed.shown.order.id))))
    assert await run_notices_pass(shop.db, shop.gateways) == 2
    assert sorted(await work(shop.db)) == [("done", "done"), ("unmatched", "gateway_misspoke")]
    assert await shop.free() == 3


async def test_a_notice_before_its_order_waits_for_it(shop: Shop, owner_conn: Conn) -> None:
    order_id = fresh_id(shop.account_id)
    await take(shop, *signed(paid(reference_of(order_id))))
    await run_notices_pass(shop.db, shop.gateways)
    assert await work(shop.db) == [("waiting", "unknown_order")]
    await shop.place(3, order_id=order_id)
    assert await run_notices_pass(shop.db, shop.gateways) == 0  # put off
    await owner_conn.execute("UPDATE payment_notice_work SET not_before = now()")
    await run_notices_pass(shop.db, shop.gateways)
    assert await work(shop.db) == [("done", "done")]
    assert await shop.free() == 3


async def test_a_notice_of_an_order_that_never_comes_is_for_people(shop: Shop, owner_conn: Conn) -> None:
    await owner_conn.execute("ALTER TABLE payment_notices DISABLE TRIGGER payment_notices_ro")
    raw, headers = signed(paid(reference_of(fresh_id(shop.account_id))))
    yesterday = datetime.now(UTC) - timedelta(days=1, minutes=1)
    old = {**headers, "Bubuh-Dev-Timestamp": str(int(yesterday.timestamp()))}
    old["Bubuh-Dev-Signature"] = hmac.new(
        SECRET, old["Bubuh-Dev-Timestamp"].encode() + b"." + raw, hashlib.sha256
    ).hexdigest()
    await take_notice(raw, old, gateway=shop.gateway, db=shop.db, now=yesterday)
    await owner_conn.execute("UPDATE payment_notices SET received_at = $1", yesterday)
    await run_notices_pass(shop.db, shop.gateways)
    assert await work(shop.db) == [("unmatched", "unknown_order")]


@pytest.mark.parametrize(
    "reference", ["", "x", "ord_-1", "ord_ZZZZZZZZZZZZZZZZZZZZZZZZZZ-1", "stm_" + "0" * 26 + "-1"]
)
async def test_a_reference_that_is_not_ours_is_for_people(shop: Shop, reference: str) -> None:
    assert shard_of_reference(reference) is None
    await take(shop, *signed(paid(reference)))
    await run_notices_pass(shop.db, shop.gateways)
    assert await work(shop.db) == [("unmatched", "foreign_reference")]


async def test_a_payment_told_again_with_another_amount_is_for_people(shop: Shop) -> None:
    placed = await shop.place(3)
    reference = reference_of(placed.shown.order.id)
    await take(shop, *signed(paid(reference)))
    await run_notices_pass(shop.db, shop.gateways)
    await take(shop, *signed(paid(reference, amount_idr=29_999)))
    await run_notices_pass(shop.db, shop.gateways)
    assert sorted(await work(shop.db)) == [("done", "done"), ("unmatched", "conflict")]
    order = (await show_order(shop.db, shop.account_id, placed.shown.order.id)).order
    assert order.amount_paid_idr == 30_000


async def test_reordered_words_end_in_the_furthest_state(shop: Shop) -> None:
    placed = await shop.place(3)
    reference = reference_of(placed.shown.order.id)
    for state in ("paid", "open", "closed"):
        said = paid(reference) if state == "paid" else paid(reference, state=state, payments=[])
        await take(shop, *signed(said))
        await run_notices_pass(shop.db, shop.gateways)
    assert await shop.db.fetchval("SELECT state FROM payment_attempts") == "paid"
    assert await shop.free() == 3


async def test_two_payments_of_one_order_in_one_pass(shop: Shop) -> None:
    placed = await shop.place(3)
    reference = reference_of(placed.shown.order.id)
    for payment_no in ("pay_1", "pay_2"):
        await take(shop, *signed(paid(reference, payment_no=payment_no)))
    await run_notices_pass(shop.db, shop.gateways)
    assert sorted(await work(shop.db)) == [("done", "done"), ("done", "surplus")]
    order = (await show_order(shop.db, shop.account_id, placed.shown.order.id)).order
    assert order.amount_paid_idr == 60_000
    assert await shop.free() == 3


async def test_a_notice_that_fails_harms_only_itself(shop: Shop, owner_conn: Conn) -> None:
    """A breach planted below us makes one order's filling fail: that one waits, the other goes through."""
    bad, good = await shop.place(1), await shop.place(2)
    await owner_conn.execute(
        "SELECT * FROM quota_allot_n($1, $2, $3, $4, $5, $6)",
        shop.principal.shard,
        [bad.shown.order.id],
        [shop.account_id],
        [1],
        ["sold"],
        ["breach"],
    )
    for placed, amount_idr in ((bad, 10_000), (good, 20_000)):
        await take(shop, *signed(paid(reference_of(placed.shown.order.id), amount_idr=amount_idr)))
    await run_notices_pass(shop.db, shop.gateways)
    assert sorted(await work(shop.db), key=str) == [("done", "done"), ("waiting", None)]
    assert await shop.free() == 1 + 2


async def test_what_cannot_be_booked_is_listed_until_it_is(shop: Shop, owner_conn: Conn) -> None:
    """A fault of ours, planted as a constraint: the money is in nobody's limbo while it waits."""
    order = (await shop.place(3)).shown.order
    await owner_conn.execute(
        f"ALTER TABLE order_payments ADD CONSTRAINT planted CHECK (order_id <> '{order.id}') NOT VALID"
    )
    await take(shop, *signed(paid(reference_of(order.id))))
    await run_notices_pass(shop.db, shop.gateways)
    assert await work(shop.db) == [("waiting", None)]
    (line,) = await show_unmatched(shop.db)
    assert (line.kind, line.account_id, line.order_id) == (Kind.UNREADABLE, shop.account_id, order.id)
    await owner_conn.execute("ALTER TABLE order_payments DROP CONSTRAINT planted")
    await owner_conn.execute("UPDATE payment_notice_work SET not_before = now()")
    await run_notices_pass(shop.db, shop.gateways)
    assert (await work(shop.db), await shop.free()) == ([("done", "done")], 3)
    assert await show_unmatched(shop.db) == []


async def test_a_gateway_taken_out_of_service_leaves_its_notices_waiting(shop: Shop) -> None:
    placed = await shop.place(3)
    await take(shop, *signed(paid(reference_of(placed.shown.order.id))))
    await run_notices_pass(shop.db, {})
    assert await work(shop.db) == [("waiting", None)]


async def test_the_inbox_only_grows(conn: Conn, owner_conn: Conn) -> None:
    for statement in ("UPDATE payment_notices SET body = ''", "DELETE FROM payment_notices"):
        for someone in (conn, owner_conn):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await someone.execute(statement)
    for table in ("orders", "order_events", "order_payments", "payment_notices", "payment_notice_work"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.execute(f"DELETE FROM {table}")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await conn.execute("UPDATE orders SET state = 'filled'")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await conn.execute("UPDATE payment_attempts SET state = 'paid'")


async def test_faults_of_the_script_end_in_the_gateways_own_book(
    own_gateway: RunningGateway, db: Database
) -> None:
    """Lost, doubled, reordered and forged notices at once; asking finds what no notice told."""
    gateway = DevelopmentGateway(lambda: own_gateway.address, [SECRET])
    shop = Shop(db, own_gateway, gateway, make_principal())
    async with running_inbox(db, gateway) as inbox:
        own_gateway.notify(inbox.address)
        await own_gateway.script(lose=0.3, repeat=0.3, reorder=0.3, forge=0.3, copies=3, seed=7)
        orders = [(await shop.place(1)).shown.order.id for _ in range(24)]
        for order_id in orders[:18]:
            await own_gateway.pay(reference_of(order_id))
        await until_told(own_gateway)
        while await run_notices_pass(db, shop.gateways):
            pass
        assert 401 in inbox.answers
    assert 0 < await shop.free() < 18
    await db.execute("UPDATE payment_attempts SET next_ask_at = now() WHERE state <> 'paid'")
    await run_asking_pass(db, shop.gateways)
    await gateway.close()
    assert await shop.free() == 18
    booked = {
        payment["payment_no"]: payment["amount"]
        for charge in await own_gateway.book()
        for payment in charge["payments"]
    }
    ours = await db.fetch("SELECT payment_no, amount_idr FROM order_payments")
    assert {row["payment_no"]: row["amount_idr"] for row in ours} == booked


async def until_told(running: RunningGateway, *, within_s: float = 20) -> None:
    """Another process's book is all there is to look at."""
    async with asyncio.timeout(within_s):
        while untold(running):  # noqa: ASYNC110 -- a file tells no events
            await asyncio.sleep(0.05)


def untold(running: RunningGateway) -> set[str]:
    lines = [json.loads(line) for line in running.book_path.read_text().splitlines()]
    return {line["event_id"] for line in lines if line["line"] in {"paid", "closed"}} - {
        line["event_id"] for line in lines if line["line"] == "told"
    }


async def test_notices_untold_at_a_kill_are_told_after_it(own_gateway: RunningGateway, db: Database) -> None:
    gateway = DevelopmentGateway(lambda: own_gateway.address, [SECRET])
    shop = Shop(db, own_gateway, gateway, make_principal())
    placed = await shop.place(3)
    await own_gateway.pay(reference_of(placed.shown.order.id))  # nobody listens yet
    own_gateway.end(signal.SIGKILL)
    async with running_inbox(db, gateway) as inbox:
        own_gateway.notify(inbox.address)
        own_gateway.start()
        await inbox.until(1)
    await run_notices_pass(db, shop.gateways)
    assert await shop.free() == 3
    await gateway.close()
