"""Phones that share one address: what strangers on it do keeps out nobody who is signed in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bubuh.asgi import create_app
from bubuh.edge.limits import Rate, Rates
from tests.api.site import Site
from tests.web.browser import Browser, registered

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUOTA = 40


async def test_who_is_signed_in_is_counted_alone(site: Site) -> None:
    pages = Rate(name="pages", quota=QUOTA, window_s=3_600)
    refused = Rate(name="refused-sessions", quota=3, window_s=3_600)
    services = replace(site.services, rates=Rates(pages=pages, refused_sessions=refused))
    shared = replace(site, services=services, app=create_app(services))
    sari, budi = await registered(shared), await registered(shared)
    stranger = Browser(shared)
    for _ in range(QUOTA):
        answer = await stranger.open("/")
    assert answer.status_code == 429
    for citizen in (sari, budi):
        assert (await citizen.browser.open("/akun")).status_code == 200
        assert "person" not in citizen.browser.page.headers["ratelimit"]
    for _ in range(QUOTA):
        answer = await sari.browser.open("/akun")
    assert answer.status_code == 429, "each has an allowance of their own"
    assert (await budi.browser.open("/akun")).status_code == 200
    stranger.client.cookies.set("bubuh", "A" * 43)
    assert [(await stranger.open("/")).status_code for _ in range(5)] == [429] * 5
    assert (await stranger.open("/")).headers["ratelimit-policy"].startswith('"refused-sessions"')
