"""A distributor whose program is away for a day, and the whole service: nothing is lost, all is signed."""

from __future__ import annotations

import asyncio
import uuid
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import httpx
import msgspec
import pytest
from standardwebhooks import Webhook as Independent

from bubuh.core.ids import read_account
from tests.service.conftest import Citizen, Running, open_citizen, until
from tests.webhooks.ear import listening

pytestmark = [pytest.mark.service, pytest.mark.shared]

LEFT = "SELECT extract(epoch FROM min(due_at) - now())::float8 FROM webhook_deliveries WHERE account_id = $1"
PASS = (
    "UPDATE webhook_deliveries SET due_at = due_at - $2::interval WHERE account_id = $1",
    "UPDATE webhooks SET failed_at = failed_at - $2::interval WHERE account_id = $1 RETURNING failed_at",
)


def buy(service: Running, citizen: Citizen, *, stamps: int) -> str:
    placed = citizen.http.post(
        "/v1/orders",
        json={"stamps": stamps, "method": "qris"},
        headers={"Idempotency-Key": str(uuid.uuid4())},
    ).json()
    assert httpx.post(f"{service.run.gateway}/pay/{placed['id']}-1").is_success
    return str(placed["id"])


class Clock:
    """Time as the rows have it, which the database's owner may move."""

    def __init__(self, service: Running, citizen: Citizen) -> None:
        self._service, self._account = service, read_account(citizen.account)
        self.passed_s = 0.0

    def left_s(self) -> float:
        """Until the next attempt."""

        async def ask() -> float:
            owner = await self._service.owner()
            left: float | None = await owner.fetchval(LEFT, self._account)
            await owner.close()
            return -1.0 if left is None else left

        return asyncio.run(ask())

    def go(self, seconds: float) -> datetime | None:
        """When the last failure was, in the time that is now."""

        async def move() -> datetime | None:
            owner = await self._service.owner()
            async with owner.transaction():
                for statement in PASS:
                    failed_at: datetime | None = await owner.fetchval(
                        statement, self._account, timedelta(seconds=seconds)
                    )
            await owner.close()
            return failed_at

        self.passed_s += seconds
        return asyncio.run(move())


def feed(citizen: Citizen) -> list[dict[str, Any]]:
    """All events, a page of two at a time."""
    found, after = [], None
    while True:
        params = {"limit": "2"} | ({"after": after} if after else {})
        page = citizen.http.get("/v1/events", params=params).json()
        found += page["data"]
        after = page["next_cursor"]
        if not page["has_more"]:
            return found


def test_a_distributor_who_answers_500_for_a_day_hears_all_once_they_are_back_and_could_pull_it(
    service: Running,
) -> None:
    with listening() as ear, open_citizen(service, stamps=1) as citizen:
        clock = Clock(service, citizen)
        ear.answer = lambda _: 500
        made = citizen.http.post(
            "/v1/webhooks", json={"url": ear.url}, headers={"Idempotency-Key": str(uuid.uuid4())}
        ).json()

        def shown() -> dict[str, Any]:
            (webhook,) = citizen.http.get("/v1/webhooks").json()["data"]
            return dict(webhook)

        def has_failed_since(before: object) -> bool:
            return bool(shown()["failed_at"] != before)

        first = buy(service, citizen, stamps=3)
        attempts, failed_at = 0, None
        while clock.passed_s < 86_400:
            attempts += 1
            ear.until(attempts)
            until(partial(has_failed_since, failed_at))
            assert (shown()["failure"], shown()["waiting"]) == ("500", 1)
            told = clock.go(max(clock.left_s(), 5.0) + 0.1)
            failed_at = None if told is None else msgspec.to_builtins(told)
        assert attempts < 12  # ever less often
        second = buy(service, citizen, stamps=2)
        ear.until(attempts + 2)
        pulled = feed(citizen)
        assert [(one["type"], one["subject"]) for one in pulled] == [
            ("order.filled", first),
            ("order.filled", second),
        ]
        ear.heard.clear()
        ear.answer = lambda _: 204

        def all_is_heard() -> bool:
            if (left_s := clock.left_s()) > 0:
                clock.go(left_s + 5.1)
            return bool(shown()["waiting"] == 0)

        until(all_is_heard)
        assert set(ear.ids()) == {one["id"] for one in pulled}
        for message in ear.heard:
            assert Independent(made["secret"]).verify(message.body, message.headers) in pulled
            assert message.is_signed_with(made["secret"])
        assert (shown()["state"], shown()["given_up"]) == ("on", 0)
        assert feed(citizen) == pulled
        assert citizen.http.delete(f"/v1/webhooks/{made['id']}").status_code == 204


def test_no_secret_is_in_any_log(service: Running) -> None:
    with open_citizen(service, stamps=1) as citizen:
        made = citizen.http.post(
            "/v1/webhooks",
            json={"url": "https://distributor.example/?token=bubuh-in-no-log"},
            headers={"Idempotency-Key": str(uuid.uuid4())},
        ).json()
    logs = b"".join(path.read_bytes() for path in (service.data / "logs").rglob("*") if path.is_file())
    assert logs
    for secret in (made["secret"], "bubuh-in-no-log"):
        assert secret.encode() not in logs
