"""The running service's development gateway as payers and banks use it, a buyer who looks, and both books."""

from __future__ import annotations

import asyncio
import html
import json
import re
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import asyncpg
import httpx
import msgspec

from bubuh.core.ids import AccountId, read_account, show_id
from bubuh.core.shards import shard_of_account
from bubuh.db.pool import Database
from bubuh.db.roles import APP
from bubuh.edge.cookies import cookies_of
from bubuh.gateway_dev.lines import NewCharge
from bubuh.gateway_dev.script import Script
from bubuh.gateway_dev.signing import call_headers
from bubuh.identity.model import Role
from bubuh.identity.people.sessions import open_session
from bubuh.payments.model import REFUND
from bubuh.quota.invariants import Scope, ask as ask_books
from bubuh.wiring.folder import DataFolder
from tests.cli.test_payments_commands import key_of
from tests.orders.test_money_rules import BOOKS
from tests.service.conftest import Citizen, Running, open_citizen, until

PROMISED_S: Final = 60.0  #: by then money is quota, on its way back, or on the operators' list
PRICE_IDR: Final = 10_000

_TAGS: Final = re.compile(r"<[^>]*>")


@dataclass(frozen=True)
class Till:
    """The gateway's desk."""

    service: Running

    def pay(self, order: str, **how: Any) -> None:
        """As a payer does; `insist`: also what is paid, closed or past its time."""
        answer = httpx.post(f"{self.service.run.gateway}/pay/{order}-1", json=how)
        assert answer.status_code == 200, answer.text

    def take_back(self, order: str) -> None:
        """The payer's bank takes the last payment back."""
        paid = self.charge(order)["payments"][-1]["payment_no"]
        path = f"{self.service.run.gateway}/pay/{order}-1/reversals"
        assert httpx.post(path, json={"payment_no": paid}).is_success

    def open(self, order: str, *, amount_idr: int) -> None:
        """The gateway knows a charge of an order before we do."""
        until = datetime.now(UTC) + timedelta(minutes=15)
        wanted = NewCharge(reference=f"{order}-1", amount_idr=amount_idr, method="qris", expires_at=until)
        self._call("POST", "/charges", msgspec.json.encode(wanted))

    def close(self, order: str) -> None:
        """The charge fails at the gateway, which tells so."""
        self._call("POST", f"/charges/{order}-1/cancel")

    def charge(self, order: str) -> dict[str, Any]:
        """What the gateway's own book says of an order."""
        return self.book()[f"{order}-1"]

    def book(self) -> dict[str, dict[str, Any]]:
        """All that the gateway's own book says, by reference."""
        return {charge["reference"]: charge for charge in self._call("GET", "/book").json()}

    @contextmanager
    def behaving(self, **script: Any) -> Iterator[None]:
        """The gateway behaves as badly as told while the block runs."""
        self._call("PUT", "/script", msgspec.json.encode(Script(**script)))
        try:
            yield
        finally:
            self._call("PUT", "/script", b"{}")

    def _call(self, method: str, path: str, body: bytes = b"") -> httpx.Response:
        """A call that its customer signed."""
        secret = DataFolder(self.service.data.resolve()).read_secret("gateway.secret")
        headers = call_headers(secret, method, path, body)
        answer = httpx.request(
            method, f"{self.service.run.gateway}{path}", content=body, headers=headers, timeout=30
        )
        assert answer.is_success, answer.text
        return answer


@dataclass(frozen=True)
class Buyer:
    """Somebody who buys by a program and reads the site's pages."""

    service: Running
    citizen: Citizen
    pages: httpx.Client

    @property
    def account_id(self) -> AccountId:
        return read_account(self.citizen.account)

    def order(self, *, stamps: int = 3, key: str = "") -> str:
        """The number of a new order, which is of `key` for ever."""
        answer = self.citizen.http.post(
            "/v1/orders",
            json={"stamps": stamps, "method": "qris"},
            headers={"Idempotency-Key": key or str(uuid.uuid4())},
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def shown(self, order: str) -> dict[str, Any]:
        """The order as the API shows it."""
        answer = self.citizen.http.get(f"/v1/orders/{order}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def until_it_is(self, order: str, state: str) -> None:
        """Wait for the order's state, no longer than is promised."""
        until(lambda: self.shown(order)["state"] == state, within_s=PROMISED_S)

    def ask_back(self, order: str) -> str:
        """Ask for the money of one stamp of three; the refund's number."""
        asked = {"stamps": 1, "refundable_idr": 30_000, "reason": "tidak jadi"}
        key = {"Idempotency-Key": str(uuid.uuid4())}
        answer = self.citizen.http.post(f"/v1/orders/{order}/refunds", json=asked, headers=key)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def returned(self, order: str) -> list[tuple[str, str, int]]:
        """Money of the order that goes back: why, how far, and how much."""
        refunds = self.citizen.http.get(f"/v1/orders/{order}/refunds").json()["refunds"]
        return [(one["kind"], one["state"], one["amount_idr"]) for one in refunds]

    def until_returned(self, order: str, *refunds: tuple[str, str, int]) -> None:
        """Wait until so much of the order went back, no longer than is promised."""
        until(lambda: self.returned(order) == list(refunds), within_s=PROMISED_S)

    def reads(self, order: str) -> str:
        """What the order's page says, in words."""
        page = self.pages.get(f"/pesanan/{order}")
        assert page.status_code == 200, page.text
        main = page.text.partition("<main")[2]
        return " ".join(html.unescape(_TAGS.sub(" ", main)).split())

    def quota(self) -> tuple[int, int, int]:
        """Free, held, used."""
        told = self.citizen.http.get("/v1/quota").json()
        return told["free"], told["held"], told["used"]


@contextmanager
def open_buyer(service: Running) -> Iterator[Buyer]:
    """A new account without stamps but one, and its user's browser."""
    with open_citizen(service, stamps=1) as citizen:
        secret = asyncio.run(_sign_in(service, read_account(citizen.account)))
        cookies = {cookies_of(service.url).session: secret}
        with httpx.Client(base_url=service.url, cookies=cookies, timeout=60) as pages:
            yield Buyer(service, citizen, pages)


async def _sign_in(service: Running, account_id: AccountId) -> str:
    async with await Database.open(service.run.databases[APP], size=1) as db:
        user_id = await db.fetchval("SELECT user_id FROM memberships WHERE account_id = $1", account_id)
        return await open_session(db, user_id, agent="uji")


def operator_key(service: Running) -> str:
    """The key of a new operator."""

    async def make() -> str:
        async with await Database.open(service.run.databases[APP], size=1) as db:
            return await key_of(db, Role.OPERATOR)

    return asyncio.run(make())


def move_time(service: Running, *statements: str, account_id: AccountId) -> None:
    """Time as the rows have it, which the database's owner may move; `$1` is the account, where needed."""

    async def move() -> None:
        owner = await service.owner()
        async with owner.transaction():
            for statement in statements:
                await owner.execute(statement, *([account_id] if "$1" in statement else []))
        await owner.close()

    asyncio.run(move())


def unmatched(service: Running) -> list[dict[str, Any]]:
    """The operators' list, as the command prints it."""
    done = service.bubuh("payments", "unmatched", "--json")
    lines: list[dict[str, Any]] = json.loads(done.stdout)["lines"]
    assert done.returncode == bool(lines), done.stderr
    return lines


def assert_books_agree(buyer: Buyer) -> None:
    """Each payment, refund and reversal of the buyer's is in both books, and every rupiah is explained."""
    asyncio.run(_assert_agree(buyer, Till(buyer.service).book()))


async def _assert_agree(buyer: Buyer, book: Mapping[str, dict[str, Any]]) -> None:
    account_id = buyer.account_id
    conn = await buyer.service.connect()
    orders = await conn.fetch("SELECT id FROM orders WHERE account_id = $1", account_id)
    moved = await _moved(conn, account_id)
    assert moved == _told(book, [_reference(row["id"]) for row in orders])
    listed = await _listed(conn, account_id)
    money_idr = sum(moved.values()) - listed["underpaid"] + listed["reversal"]
    assert money_idr == PRICE_IDR * await _bought(conn, account_id)
    await conn.close()
    async with await Database.open(buyer.service.run.databases[APP], size=1) as db:
        mine = Scope(account_ids=[account_id])
        for invariant in BOOKS:
            assert await ask_books(db, invariant, shard_of_account(account_id), mine) == []


def _told(book: Mapping[str, dict[str, Any]], references: Sequence[str]) -> dict[tuple[str, str], int]:
    """What moved by the gateway's book: rupiah by reference and number; less than nothing: it left again."""
    moved: dict[tuple[str, str], int] = {}
    for reference in references:
        charge = book[reference]
        moved |= {(reference, one["payment_no"]): one["amount"] for one in charge["payments"]}
        moved |= {(reference, one["reversal_no"]): -one["amount_idr"] for one in charge["reversals"]}
        done = [one for one in charge["refunds"] if one["state"] == "done"]
        moved |= {(reference, one["refund_no"]): -one["amount_idr"] for one in done}
    return moved


_MOVED: Final = """
SELECT order_id, payment_no AS no, NULL::uuid AS refund_id, amount_idr FROM order_payments
 WHERE account_id = $1
 UNION ALL
SELECT order_id, reversal_no, NULL, -amount_idr FROM order_reversals WHERE account_id = $1
 UNION ALL
SELECT order_id, NULL, id, -amount_idr FROM refunds
 WHERE account_id = $1 AND kind <> 'reversal' AND state = 'done'
"""
_BOUGHT: Final = """
SELECT coalesce(sum(CASE WHEN debit = 'sold' THEN stamps WHEN credit = 'paid_back' THEN -stamps END), 0)
  FROM quota_transfers WHERE account_id = $1
"""


async def _moved(conn: asyncpg.Connection, account_id: AccountId) -> dict[tuple[str, str], int]:
    """The same by our rows."""
    return {
        (_reference(row["order_id"]), row["no"] or show_id(REFUND, row["refund_id"])): row["amount_idr"]
        for row in await conn.fetch(_MOVED, account_id)
    }


async def _listed(conn: asyncpg.Connection, account_id: AccountId) -> dict[str, int]:
    """Rupiah of the account that operators are asked about, by kind."""
    sql = "SELECT kind, amount FROM payment_unmatched WHERE account_id = $1 AND state = 'open'"
    found: dict[str, int] = defaultdict(int)
    for row in await conn.fetch(sql, account_id):
        found[row["kind"]] += row["amount"]
    return found


async def _bought(conn: asyncpg.Connection, account_id: AccountId) -> int:
    """Stamps that were sold to the account and not paid back."""
    return int(await conn.fetchval(_BOUGHT, account_id))


def _reference(order_id: uuid.UUID) -> str:
    return show_id("ord", order_id) + "-1"
