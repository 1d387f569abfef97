"""Child accounts: opened, limited and closed by their parent; seen by nobody else."""

from __future__ import annotations

import pytest

from bubuh.core.ids import read_account, show_account
from bubuh.identity.make_key import make_key, owner_of
from bubuh.identity.model import Environment, Principal, Scope
from tests.api.site import Person, Site

PATH = "/v1/quota/shares"


async def open_child(parent: Person, limit: int = 2, key: str = "anak") -> Person:
    """The child, with a key that an operator made."""
    answer = await parent.post(PATH, key=key, json={"name": "Cabang Bandung", "limit": limit})
    assert answer.status_code == 201, answer.text
    site, account_id = parent.site, read_account(answer.json()["id"])
    async with site.services.db.transaction() as conn:
        user_id = await owner_of(conn, account_id)
        made = await make_key(
            conn,
            account_id=account_id,
            user_id=user_id,
            scopes=[Scope.ALL],
            environment=Environment.TEST,
            actor="local",
        )
    scopes = frozenset({Scope.ALL})
    principal = Principal(user_id=user_id, account_id=account_id, scopes=scopes, roles=frozenset())
    return Person(site=site, principal=principal, key=made.secret)


async def test_a_child_stamps_with_its_parents_quota(site: Site) -> None:
    parent = await site.person(stamps=5)
    child = await open_child(parent, limit=2)
    assert (await child.get("/v1/quota")).json() == {
        "free": 2,
        "held": 0,
        "used": 0,
        "in_transit": 0,
        "frozen": False,
        "share": {"parent": parent.account, "limit": 2, "closed": False},
    }
    stamp = await child.affixed()
    seen = (await parent.get(f"{PATH}/{child.account}")).json()
    assert (seen["name"], seen["held"], seen["used"], seen["left"]) == ("Cabang Bandung", 0, 1, 1)
    quota = (await parent.get("/v1/quota")).json()
    assert (quota["free"], quota["held"], quota["used"], quota["share"]) == (4, 0, 0, None)
    for person, other in ((child, parent), (parent, child)):
        movements = (await person.get("/v1/quota/movements")).json()["data"]
        its = [one for one in movements if one["id"] == stamp["id"]]
        assert [one["kind"] for one in its] == ["capture", "hold"]
        assert {one["counter_account_id"] for one in its} == {other.account}
    assert (await parent.get(f"/v1/stamps/{stamp['id']}")).status_code == 404


async def test_past_its_limit_a_child_is_told_what_is_left(site: Site) -> None:
    parent = await site.person(stamps=5)
    child = await open_child(parent, limit=1)
    document = await child.uploaded()
    assert (await child.stamp(document)).status_code == 202
    answer = await child.stamp(document)
    assert (answer.status_code, answer.json()["code"]) == (409, "quota_exhausted")
    assert "0" in answer.json()["detail"]
    assert await parent.free() == 4


async def test_a_repeated_key_opens_one_child_and_another_body_is_refused(site: Site) -> None:
    parent = await site.person(stamps=5)
    body = {"name": "Cabang", "limit": 2}
    first = await parent.post(PATH, key="one", json=body)
    again = await parent.post(PATH, key="one", json=body)
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["Idempotent-Replayed"] == "true"
    assert first.headers["Location"] == again.headers["Location"] == f"{PATH}/{first.json()['id']}"
    other = await parent.post(PATH, key="one", json={**body, "limit": 3})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_conflict")
    assert len((await parent.get(PATH)).json()["data"]) == 1


async def test_limits_change_and_a_share_closes(site: Site) -> None:
    parent = await site.person(stamps=5)
    child = await open_child(parent, limit=2)
    address = f"{PATH}/{child.account}"
    assert (await child.stamp(await child.uploaded())).status_code == 202
    assert (await parent.call("PATCH", address, json={"limit": 4})).json()["left"] == 3
    low = await parent.call("PATCH", address, json={"limit": 0})
    assert (low.status_code, low.json()["code"]) == (409, "limit_too_low")
    closed = (await parent.call("PATCH", address, json={"closed": True})).json()
    assert (closed["closed"], closed["limit"], closed["left"]) == (True, 4, 0)
    assert (await child.get("/v1/quota")).json()["free"] == 0
    assert (await parent.call("PATCH", address, json={})).json() == closed


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"limit": -1}, "limit_out_of_range"),
        ({"name": ""}, "name_out_of_range"),
        ({"name": "a\u0007"}, "name_out_of_range"),
        ({"name": "a\u0000"}, "invalid_request"),
    ],
)
async def test_what_cannot_be_is_refused(site: Site, change: dict[str, object], code: str) -> None:
    parent = await site.person(stamps=1)
    answer = await parent.post(PATH, key="k", json={"name": "Cabang", "limit": 1, **change})
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_a_child_shares_buys_gives_and_gets_nothing(site: Site) -> None:
    parent, other = await site.person(stamps=5), await site.person(stamps=5)
    child = await open_child(parent)
    for giver, path, body in (
        (child, PATH, {"name": "Cucu", "limit": 1}),
        (child, "/v1/orders", {"stamps": 1, "method": "qris"}),
        (child, "/v1/quota/transfers", {"receiver": other.account, "stamps": 1}),
        (other, "/v1/quota/transfers", {"receiver": child.account, "stamps": 1}),
    ):
        answer = await giver.post(path, key="k", json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "child_account"), path
    assert await other.free() == 5


async def test_anothers_child_is_not_seen_and_not_changed(site: Site) -> None:
    parent, stranger = await site.person(stamps=5), await site.person(stamps=5)
    child = await open_child(parent)
    for who in (stranger, child):
        for address in (f"{PATH}/{child.account}", f"{PATH}/{show_account(1)}", f"{PATH}/x"):
            assert (await who.get(address)).status_code == 404
            assert (await who.call("PATCH", address, json={"limit": 9})).status_code == 404
        assert (await who.get(PATH)).json()["data"] == []
    assert (await parent.get(f"{PATH}/{child.account}")).json()["limit"] == 2


async def test_the_list_goes_on_where_it_ended(site: Site) -> None:
    parent = await site.person(stamps=5)
    children = {(await open_child(parent, key=str(number))).account for number in range(3)}
    first = (await parent.get(PATH, params={"limit": 2})).json()
    second = (await parent.get(PATH, params={"limit": 2, "after": first["next_cursor"]})).json()
    assert (first["has_more"], second["has_more"], second["next_cursor"]) == (True, False, None)
    assert {one["id"] for one in first["data"] + second["data"]} == children


async def test_a_key_that_may_read_shares_nothing(site: Site) -> None:
    reader = await site.person(Scope.QUOTA_READ, stamps=5)
    answer = await reader.post(PATH, key="k", json={"name": "Cabang", "limit": 1})
    assert answer.status_code == 403
    assert (await reader.call("PATCH", f"{PATH}/{show_account(1)}", json={"limit": 1})).status_code == 403
    assert (await reader.get(PATH)).json()["data"] == []
