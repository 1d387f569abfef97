"""One partner drowns, and another is served: each account has a limit of its own."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio
from prometheus_client import REGISTRY

from bubuh.edge.bulkhead import Bulkhead
from bubuh.edge.bulkheads import Kind, Way
from bubuh.edge.gradient import Bounds
from bubuh.edge.slots import Slots
from bubuh.edge.works import Work, Works
from bubuh.identity.partners import store
from tests.api.site import LETTER, Person, Site
from tests.web.test_stamp import rich, sent

EACH = Bounds(floor=2, start=2, ceiling=2)


@pytest.fixture
def works(site: Site) -> Iterator[Works]:
    """With four places for programs, two of them one account's at most."""
    found = site.services.brownout.works
    before = found.bulkheads[Kind.PARTNER]
    small = Bulkhead(Bounds(floor=4, start=4, ceiling=4), bound_s=0.2, each=EACH)
    found.bulkheads[Kind.PARTNER] = small  # type: ignore[index]
    yield found
    assert (small.in_flight, small.waiting) == (0, 0)
    found.bulkheads[Kind.PARTNER] = before  # type: ignore[index]


async def _never() -> None:
    raise AssertionError("nobody waited")


@pytest_asyncio.fixture
async def drowned(site: Site, works: Works) -> AsyncIterator[Person]:
    """A partner whose calls take all that one may have."""
    person = await site.person()
    account_id = int(person.principal.account_id)
    held: list[Work] = [
        await works.begin(Way(Kind.PARTNER, 0), until_s=math.inf, gone=_never, owner=account_id)
        for _ in range(EACH.ceiling)
    ]
    yield person
    for work in held:
        work.end()


async def test_a_partner_who_drowns_is_told_to_come_again_and_another_is_served(
    site: Site, drowned: Person
) -> None:
    other = await site.person()
    await drowned.get("/v1/quota")  # its key is known from now on
    for call in (drowned.get("/v1/quota"), drowned.stamp("doc_00000000000000000000000000")):
        answer = await call
        assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
    for _ in range(3):
        assert (await other.get("/v1/quota")).status_code == 200
        assert (await other.stamp("doc_00000000000000000000000000")).status_code == 404


async def test_who_is_not_known_yet_takes_nobodys_places(site: Site, drowned: Person, works: Works) -> None:
    del drowned
    strangers = [
        await works.begin(Way(Kind.PARTNER, 0), until_s=math.inf, gone=_never) for _ in range(EACH.ceiling)
    ]
    answer = await site.anyone.get("/v1/quota", headers={"Authorization": "Bearer bbh_test_unknown"})
    assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
    for work in strangers:
        work.end()
    answer = await site.anyone.get("/v1/quota", headers={"Authorization": "Bearer bbh_test_unknown"})
    assert answer.status_code == 401


async def test_programs_that_upload_take_no_place_of_people_nor_all_of_each_other(site: Site) -> None:
    """As many bodies as one partner may send at once, and then as many as all may."""
    places: Slots = site.app.state.program_uploads
    async with AsyncExitStack() as held:
        for _ in range(8):
            await held.enter_async_context(places.one("drowning"))
        other = await site.person()
        assert (await other.upload()).status_code == 201
        for _ in range(8):
            await held.enter_async_context(places.one("drowning too"))
        sari = await rich(site)
        page = await sent(sari.browser, LETTER.read_bytes(), name="surat.pdf")
        assert page.status_code == 200
        assert sari.browser.path.startswith("/bubuhkan/doc_")


async def test_how_a_shown_partners_calls_end_is_counted_by_its_slot_and_nobody_elses(
    site: Site, drowned: Person
) -> None:
    async with site.services.db.transaction() as conn:
        shown = await store.add(conn, drowned.principal.account_id, name="Mitra Uji", actor="local")
    assert shown is not None
    slot = str(shown.slot)

    def counted(outcome: str) -> float:
        facts = {"slot": slot, "outcome": outcome}
        return REGISTRY.get_sample_value("bubuh_partner_calls_total", facts) or 0.0

    before = counted("served"), counted("turned_away")
    await (await site.person()).get("/v1/quota")
    assert before == (counted("served"), counted("turned_away"))
    assert (await drowned.get("/v1/quota")).status_code == 200, "its key was not known yet"
    assert (await drowned.get("/v1/quota")).status_code == 503
    assert (counted("served"), counted("turned_away")) == (before[0] + 1, before[1] + 1)
    async with site.services.db.transaction() as conn:
        await store.remove(conn, drowned.principal.account_id)
