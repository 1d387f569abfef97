"""The short way shows what the long way shows: the same pages, headers, refusals and faults.

An address with a slash at its end goes the long way, which takes it off.
"""

from __future__ import annotations

import re

import httpx
import pytest
from litestar import Litestar

from bubuh.core.errors import DatabaseUnavailable
from bubuh.edge.guards import Visitor, guarded
from tests.api.site import Site
from tests.edge.bare import bare_app, client_of
from tests.web.browser import Browser, registered
from tests.web.test_pages import Broken

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: what is another each time
FRESH = re.compile(r'name="token" value="[^"]+"|req_[0-9a-f]+|\d\d\.\d\d\.\d\d\sWIB')
UNLIKE = {"/", "/akun/autentikator"}  # two slashes are no address; a new secret each time
PASSING = {"x-request-id", "ratelimit", "content-length", "set-cookie", "age"}


def plain_pages(app: Litestar) -> list[str]:
    """Addresses of the site without a parameter."""
    return sorted(
        path
        for (method, path), guard in guarded(app.routes).items()
        if method == "GET" and isinstance(guard, Visitor) and "{" not in path and path not in UNLIKE
    )


def said(answer: httpx.Response) -> tuple[int, dict[str, str], str]:
    headers = {name: value for name, value in answer.headers.items() if name not in PASSING}
    return answer.status_code, headers, FRESH.sub("", answer.text)


async def test_every_plain_page_is_the_same_on_both_ways(site: Site) -> None:
    sari, stranger = await registered(site), Browser(site)
    pages = plain_pages(site.app)
    assert {"/akun", "/beli", "/bubuhkan", "/riwayat", "/masuk", "/periksa"} <= set(pages)
    for browser in (sari.browser, stranger):
        for path in pages:
            short = await browser.client.get(path, follow_redirects=False)
            long = await browser.client.get(f"{path}/", follow_redirects=False)
            assert said(short) == said(long), path


async def test_only_a_get_from_a_host_by_name_goes_the_short_way(site: Site) -> None:
    sari = await registered(site)
    for method, headers in (("HEAD", {}), ("DELETE", {}), ("GET", {"host": "a b"})):
        answers = [
            await sari.browser.client.request(method, path, headers=headers, follow_redirects=False)
            for path in ("/riwayat", "/riwayat/")
        ]
        assert answers[0].status_code == answers[1].status_code >= 400, (method, headers)


@pytest.mark.parametrize("why", [DatabaseUnavailable("10.0.0.1 refused"), ZeroDivisionError("secret inside")])
async def test_what_fails_is_told_as_on_the_long_way(why: Exception) -> None:
    headers = {"Accept": "text/html", "Cookie": f"bubuh={'A' * 43}"}
    async with client_of(bare_app(db=Broken(why))) as client:
        short, long = [await client.get(path, headers=headers) for path in ("/akun", "/akun/")]
    assert said(short)[0] == said(long)[0] >= 500
    assert said(short)[2] == said(long)[2]
    assert "secret" not in short.text
