"""What webhooks hear: over a real database and real servers, of which some misbehave."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time

import pytest
from standardwebhooks import Webhook as Independent

from bubuh.core.ids import AccountId, show_id
from bubuh.core.shards import shard_of_account
from bubuh.webhooks import store
from bubuh.webhooks.model import WAITS_S, DueWebhook, WebhookState, wait_after
from bubuh.webhooks.register import rotate
from bubuh.webhooks.sweep import sweep
from bubuh.worker.routes import tell
from bubuh.worker.webhooks import MOST_EACH, MOST_FAILING, MOST_LINES
from tests.conftest import Dsns
from tests.webhooks.conftest import KEY, SOURCE, Post
from tests.webhooks.ear import Ear, Message, listening


async def test_an_event_is_heard_signed_as_the_standard_says(post: Post, ear: Ear) -> None:
    account_id = post.account()
    made = await post.register(account_id, ear.url + "?token=1")
    assert made.secret is not None
    (order,) = await post.happened(account_id)
    await post.settle()
    (message,) = ear.heard
    assert message.path == "/bubuh?token=1"
    assert message.headers["content-type"] == "application/json"
    told = Independent(made.secret.text).verify(message.body, message.headers)
    assert told == json.loads(message.body)
    assert message.is_signed_with(made.secret.text)
    assert abs(int(message.headers["webhook-timestamp"]) - time.time()) < 60
    assert message.event.keys() == {"id", "source", "type", "time", "subject", "data", "specversion"}
    assert (message.event["id"], message.event["source"]) == (message.id, SOURCE)
    assert message.event["subject"] == show_id("ord", order)
    webhook = await post.shown(account_id)
    assert (webhook.waiting, webhook.failure, webhook.heard_at is None) == (0, None, False)


async def test_while_secrets_overlap_either_verifies_and_then_only_the_new_one(post: Post, ear: Ear) -> None:
    account_id = post.account()
    made = await post.register(account_id, ear.url)
    new = await rotate(
        post.db, account_id, made.webhook.id, secret_id=post.webhook_id(account_id), actor="local", key=KEY
    )
    assert made.secret is not None
    assert new.secret is not None
    await post.happened(account_id)
    await post.settle()
    for secret in (made.secret.text, new.secret.text):
        assert Independent(secret).verify(ear.heard[0].body, ear.heard[0].headers)
    await post.owner.execute(
        "UPDATE webhook_secrets SET ends_at = now() - interval '1 second' WHERE ends_at IS NOT NULL"
    )
    await post.happened(account_id)
    await post.settle()
    assert ear.heard[1].is_signed_with(new.secret.text)
    assert not ear.heard[1].is_signed_with(made.secret.text)


async def test_all_of_a_burst_is_heard_once_each_by_every_webhook_of_its_account_and_no_other(
    post: Post, ear: Ear
) -> None:
    account_id, other = post.account(), post.account()
    await post.register(account_id, ear.url + "/1")
    await post.register(account_id, ear.url + "/2")
    with listening() as elsewhere:
        await post.register(other, elsewhere.url)
        await post.happened(account_id, times=60)
        await post.settle()
        assert elsewhere.heard == []
    for path in ("/bubuh/1", "/bubuh/2"):
        ids = [one.id for one in ear.heard if one.path == path]
        assert len(ids) == len(set(ids)) == 60


@pytest.mark.parametrize("status", [199 + 2, 202, 204, 299])
async def test_any_2xx_is_heard(post: Post, ear: Ear, status: int) -> None:
    account_id = post.account()
    await post.register(account_id, ear.url)
    ear.answer = lambda _: status
    await post.happened(account_id)
    await post.settle()
    assert (await post.shown(account_id)).waiting == 0


@pytest.mark.parametrize("status", [301, 307, 400, 401, 404, 429, 500, 503])
async def test_any_other_answer_is_tried_again_and_no_redirect_is_followed(
    post: Post, ear: Ear, status: int
) -> None:
    account_id = post.account()
    await post.register(account_id, ear.url)
    ear.answer = lambda _: status
    await post.happened(account_id)
    await post.settle()
    webhook = await post.shown(account_id)
    assert (webhook.waiting, webhook.failure, len(ear.heard)) == (1, str(status), 1)
    ear.answer = lambda _: 200
    await post.pass_time(6.0)
    await post.settle()
    assert (await post.shown(account_id)).waiting == 0
    assert len(set(ear.ids())) == 1
    assert len(ear.heard) == 2


async def test_410_switches_a_webhook_off_for_good_and_the_feed_goes_on(post: Post, ear: Ear) -> None:
    account_id = post.account()
    await post.register(account_id, ear.url)
    ear.answer = lambda _: 410
    await post.happened(account_id, times=3)
    await post.settle()
    await post.happened(account_id)
    await post.settle()
    webhook = await post.shown(account_id)
    assert (webhook.state, webhook.failure, webhook.waiting) == (WebhookState.OFF, "410", 0)
    assert len(ear.heard) <= 3
    assert await store.find_last_no(post.db, account_id) == 4


async def test_an_event_is_given_up_after_the_tenth_attempt_and_stands_in_the_feed(
    post: Post, ear: Ear
) -> None:
    account_id = post.account()
    await post.register(account_id, ear.url)
    ear.answer = lambda _: 500
    await post.happened(account_id)
    waited = 0.0
    for no in range(1, len(WAITS_S) + 2):
        await post.settle()
        assert len(ear.heard) == no
        if no <= len(WAITS_S):
            left = await post.owner.fetchval(
                "SELECT extract(epoch FROM due_at - now())::float8 FROM webhook_deliveries"
            )
            assert left == pytest.approx(WAITS_S[no - 1], rel=0.11, abs=0.5)
            waited += left
            await post.pass_time(max(left, 5.0) + 0.1)
    webhook = await post.shown(account_id)
    assert (webhook.waiting, webhook.given_up, webhook.failure) == (0, 1, "500")
    assert waited > 3 * 86_400 * 0.9
    (event,) = await store.list_events(post.db, account_id, after_no=0, at_most=10)
    assert set(ear.ids()) == {show_id("evt", event.id)}


def test_waits_grow_and_are_spread() -> None:
    assert list(WAITS_S) == sorted(WAITS_S)
    assert [wait_after(1, spread=at) for at in (0.0, 0.5, 1.0)] == pytest.approx([4.5, 5.0, 5.5])
    assert wait_after(len(WAITS_S), spread=0.5) == 86_400
    assert wait_after(len(WAITS_S) + 1, spread=0.5) is None


async def test_who_was_away_is_told_all_that_waits_as_soon_as_they_hear_again(post: Post, ear: Ear) -> None:
    account_id = post.account()
    await post.register(account_id, ear.url)
    ear.answer = lambda _: 503
    await post.happened(account_id, times=5)
    for _ in range(5):  # one at a time, since it fails
        await post.settle()
        await post.pass_time(6.0)
    await post.owner.execute("UPDATE webhook_deliveries SET due_at = now() + interval '10 hours'")
    await post.pass_time(1_000.0)
    ear.answer = lambda _: 200
    ear.heard.clear()
    await post.happened(account_id)
    await post.settle()
    assert len(ear.heard) == len(set(ear.ids())) == 6
    assert (await post.shown(account_id)).waiting == 0


async def test_one_message_that_is_never_taken_holds_up_no_other(post: Post, ear: Ear) -> None:
    account_id = post.account()
    await post.register(account_id, ear.url)
    poison, *_ = await post.happened(account_id, times=20)
    ear.answer = lambda message: 500 if message.event["subject"] == show_id("ord", poison) else 200
    for _ in range(3):
        await post.settle()
        await post.pass_time(6.0)
    webhook = await post.shown(account_id)
    assert webhook.waiting == 1
    subjects = [one.event["subject"] for one in ear.heard]
    assert len(set(subjects)) == 20
    assert subjects.count(show_id("ord", poison)) == 2  # at once and after 5 s; next in 5 min


async def test_a_server_that_hangs_holds_up_nobody_and_no_connection_to_the_database(
    post: Post, ear: Ear
) -> None:
    held = threading.Event()
    with listening() as slow:
        slow.answer = lambda _: 200 if held.wait(20) else 500
        hanging = [post.account() for _ in range(6)]
        for account_id in hanging:
            for no in range(4):
                await post.register(account_id, f"{slow.url}/{no}")
            await post.happened(account_id, times=3)
        quick = post.account()
        await post.register(quick, ear.url)
        stop = asyncio.Event()
        working = asyncio.create_task(post.courier.work(stop))
        await asyncio.to_thread(slow.until, MOST_LINES // 2)
        await post.happened(quick, times=10)
        await asyncio.to_thread(ear.until, 10, within_s=10)
        idle = (
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE state LIKE 'idle in transaction%' AND datname = current_database()"
        )
        assert await post.owner.fetchval(idle) == 0
        held.set()
        stop.set()
        await working


async def test_no_account_and_no_dead_server_takes_all_places(post: Post) -> None:
    def due(account: int, *, is_failing: bool = False) -> DueWebhook:
        account_id = AccountId(account)
        return DueWebhook(
            account_id=account_id, id=post.webhook_id(account_id), url="", is_failing=is_failing
        )

    one_account = post.courier.choose([due(1) for _ in range(50)])
    assert len(one_account) == MOST_EACH
    dead = post.courier.choose([due(no, is_failing=True) for no in range(1, 50)])
    assert len(dead) == MOST_FAILING
    mixed = post.courier.choose(
        [due(no, is_failing=True) for no in range(1, 50)] + [due(no) for no in range(50, 90)]
    )
    assert (len(mixed), sum(one.is_failing for one in mixed)) == (MOST_LINES, 0)
    post.courier.lines.update({one.id: one for one in dead})
    beside = post.courier.choose([*dead, due(99, is_failing=True), due(100)])
    assert [one.account_id for one in beside] == [100]


async def test_what_nobody_tries_any_more_is_swept_before_its_event(post: Post, ear: Ear) -> None:
    account_id = post.account()
    await post.register(account_id, ear.url)
    await post.happened(account_id, times=2)
    await post.pass_time(5 * 86_400.0)
    await sweep(post.db, shard_of_account(account_id))
    webhook = await post.shown(account_id)
    assert (webhook.waiting, webhook.given_up) == (0, 2)
    assert await store.find_last_no(post.db, account_id) == 2
    assert len(await store.list_events(post.db, account_id, after_no=0, at_most=9)) == 2


async def test_a_webhook_hears_of_nothing_from_before_it_was_registered(post: Post, ear: Ear) -> None:
    account_id = post.account()
    await post.happened(account_id)
    await post.register(account_id, ear.url)
    await tell(post.db, shard_of_account(account_id), routes={})
    (order,) = await post.happened(account_id)
    await post.settle()
    assert [one.event["subject"] for one in ear.heard] == [show_id("ord", order)]


def test_a_forged_message_does_not_verify() -> None:
    message = Message(
        "/", {"webhook-id": "a", "webhook-timestamp": "1", "webhook-signature": "v1,eA=="}, b"{}"
    )
    assert not message.is_signed_with("whsec_" + "A" * 44)


_DIES = """
import asyncio, os, sys
from bubuh.adapters.webhook_calls import WebhookCalls
from bubuh.db.pool import Database
from bubuh.identity.people.keys import PersonKey
from bubuh.worker.webhooks import Courier

class Dies(WebhookCalls):
    async def post(self, url, *, headers, body):
        await super().post(url, headers=headers, body=body)
        os._exit(9)  # heard, and nobody here has written that down

async def main():
    async with await Database.open(sys.argv[1], size=2) as db:
        courier = Courier(
            db=db, calls=Dies(may_be_here=True), key=PersonKey(b"p" * 32), source="https://meterai.example"
        )
        await courier.work(asyncio.Event())

asyncio.run(main())
"""


async def test_a_worker_that_dies_between_sending_and_noting_is_followed_under_the_same_id(
    post: Post, dsns: Dsns, ear: Ear
) -> None:
    account_id = post.account()
    await post.register(account_id, ear.url)
    await post.happened(account_id)
    died = await asyncio.create_subprocess_exec(sys.executable, "-c", _DIES, dsns.app)
    assert await died.wait() == 9
    assert len(ear.heard) == 1
    assert (await post.shown(account_id)).waiting == 1
    await post.settle()
    assert len(ear.heard) == 1  # it is in good hands, as far as anybody knows
    await post.pass_time(30.0)
    await post.settle()
    assert (await post.shown(account_id)).waiting == 0
    assert len(ear.heard) == 2
    assert ear.heard[0].id == ear.heard[1].id
    assert ear.heard[0].body == ear.heard[1].body
