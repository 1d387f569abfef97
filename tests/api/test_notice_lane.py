"""The short way for genuine notices says and keeps what the long way would, and refuses nothing itself."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bubuh.api import notice_lane
from bubuh.core.errors import DatabaseUnavailable
from bubuh.core.ids import fresh_account_id, fresh_id
from bubuh.edge.metrics import REQUESTS
from bubuh.payments.model import MAX_NOTICE_BYTES, reference_of
from tests.api.site import Site
from tests.payments.test_inbox import paid, signed

PATH = "/gateway/development/notices"
KEPT = "SELECT count(*) FROM payment_notices AS n JOIN payment_notice_work AS w USING (gateway, event_id)"


def notice(secret: bytes | None = None) -> tuple[bytes, dict[str, str]]:
    body = paid(reference_of(fresh_id(fresh_account_id())))
    return signed(body) if secret is None else signed(body, secret)


async def kept(site: Site, raw: bytes) -> list[tuple[str, str | None]]:
    sql = f"{KEPT.replace('count(*)', 'w.state, w.outcome')} WHERE n.body = $1"
    return [tuple(row) for row in await site.services.db.fetch(sql, raw)]


def long_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no address be of the short way."""
    monkeypatch.setattr(notice_lane, "_PATH", re.compile("nowhere"))


def counted(status: str) -> float:
    labels = {"method": "POST", "route": "/gateway/{gateway}/notices", "status": status}
    return REQUESTS.labels(**labels)._value.get()  # type: ignore[no-any-return]


async def test_both_ways_keep_answer_and_count_alike(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    told = []
    for _ in range(2):
        raw, headers = notice()
        before = counted("200")
        answer = await site.anyone.post(PATH, content=raw, headers=headers)
        assert await kept(site, raw) == [("waiting", None)]
        assert counted("200") == before + 1
        varying = {"x-request-id", "ratelimit"}
        shown = {name: value for name, value in answer.headers.items() if name not in varying}
        assert varying <= answer.headers.keys()
        told.append((answer.status_code, answer.content, shown))
        long_way(monkeypatch)
    assert told[0] == told[1]


async def test_a_forged_one_is_refused_and_kept_once_by_the_long_way(site: Site) -> None:
    raw, headers = notice(b"another's secret")
    answer = await site.anyone.post(PATH, content=raw, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "notice_forged")
    assert await kept(site, raw) == [("refused", "notice_forged")]


async def test_a_genuine_one_that_cannot_be_read_is_kept_for_people(site: Site) -> None:
    raw, headers = signed({"event_id": "evt_1", "charge": {"no": fresh_id(fresh_account_id()).hex}})
    assert (await site.anyone.post(PATH, content=raw, headers=headers)).status_code == 200
    assert await kept(site, raw) == [("waiting", None)]


async def test_what_comes_in_pieces_is_put_together(site: Site) -> None:
    raw, headers = notice()

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(raw), 50):
            yield raw[start : start + 50]

    answer = await site.anyone.post(PATH, content=pieces(), headers=headers)
    assert answer.status_code == 200
    assert await kept(site, raw) == [("waiting", None)]


@pytest.mark.parametrize("size", [MAX_NOTICE_BYTES, MAX_NOTICE_BYTES + 1])
async def test_what_is_larger_than_any_notice_is_not_kept(site: Site, size: int) -> None:
    raw, headers = signed(b" " * size)

    async def pieces() -> AsyncIterator[bytes]:
        yield raw[:10]
        yield raw[10:]

    for content in (raw, pieces()):
        answer = await site.anyone.post(PATH, content=content, headers=headers)
        assert answer.status_code == (200 if size == MAX_NOTICE_BYTES else 413)
    assert len(await kept(site, raw)) == (size == MAX_NOTICE_BYTES)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", PATH, 405),
        ("POST", "/gateway/nobody/notices", 404),
        ("POST", "/gateway/Development/notices", 404),
        ("POST", PATH + "/more", 404),
    ],
)
async def test_other_addresses_and_methods_go_the_long_way(
    site: Site, method: str, path: str, status: int
) -> None:
    raw, headers = notice()
    answer = await site.anyone.request(method, path, content=raw, headers=headers)
    assert answer.status_code == status
    assert await kept(site, raw) == []


async def test_a_batch_that_fails_is_made_good_or_told_by_the_long_way(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw, headers = notice()
    tried: list[Any] = []

    async def fails(*given: Any, **_: Any) -> bool:
        tried.append(given)
        raise DatabaseUnavailable("gone")

    monkeypatch.setattr(notice_lane, "keep_notice", fails)
    assert (await site.anyone.post(PATH, content=raw, headers=headers)).status_code == 200
    assert len(tried) == 1
    assert await kept(site, raw) == [("waiting", None)]
    raw, headers = notice()
    monkeypatch.setattr("bubuh.payments.take_notice.keep_notice", fails)
    answer = await site.anyone.post(PATH, content=raw, headers=headers)
    assert (answer.status_code, answer.headers["retry-after"] != "") == (503, True)
    assert await kept(site, raw) == []


async def test_who_forged_too_much_is_not_heard_on_the_short_way_either(site: Site) -> None:
    status = 401
    while status == 401:
        status = (await site.anyone.post(PATH, content=b"{}")).status_code
    raw, headers = notice()
    assert (await site.anyone.post(PATH, content=raw, headers=headers)).status_code == 429
    assert await kept(site, raw) == []
