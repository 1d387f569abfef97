"""`/akun/data`: what is known of a person, as they see it, to take along, and to have forgotten."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from litestar import MediaType, Request, Response, get, post

from bubuh.complaints.forget import forget as forget_words
from bubuh.complaints.model import COMPLAINT
from bubuh.complaints.show import list_complaints, opened
from bubuh.core.ids import show_account, show_id
from bubuh.documents.destroy import destroy_all
from bubuh.documents.find import list_documents
from bubuh.documents.names import document_name
from bubuh.edge.disposition import attachment
from bubuh.edge.guards import SignedIn
from bubuh.edge.services import Services
from bubuh.history.model import EntryKind, Filter
from bubuh.history.show import MOST_ROWS, has_open_matter, list_entries
from bubuh.identity.model import AccountKind, show_actor
from bubuh.identity.organisations.refusals import LastAdministrator
from bubuh.identity.people import store
from bubuh.identity.people.contacts import read_contact
from bubuh.identity.people.forget import forget
from bubuh.identity.people.model import Membership, Session
from bubuh.identity.people.national_number import masked_nik, set_nik
from bubuh.identity.people.refusals import AccountBusy, AccountNotEmpty, NikUnreadable
from bubuh.quota.movements import MOST_AT_ONCE, list_movements
from bubuh.quota.show import show_quota
from bubuh.reminders.store import forget as forget_reminders, list_of as list_reminders
from bubuh.web.account.steps import username_of
from bubuh.web.browser import browser_of
from bubuh.web.errors import words_of
from bubuh.web.forms import read_form
from bubuh.web.frame import Page, Parts, go_to, say, session_of, show
from bubuh.webhooks.model import WEBHOOK
from bubuh.webhooks.remove import forget as forget_webhooks
from bubuh.webhooks.store import list_webhooks

AnyRequest = Request[Any, Any, Any]

_PREFIXES: Final = {EntryKind.STAMP: "stm", EntryKind.ORDER: "ord", EntryKind.REFUND: "rfd"}


@get("/akun/data", guards=[SignedIn()], media_type=MediaType.HTML)
async def get_own_data(request: AnyRequest, services: Parts) -> Page:
    """Addresses and national number, masked."""
    return await _show(request, services)


@post("/akun/data/nik", guards=[SignedIn()], media_type=MediaType.HTML)
async def post_nik(request: AnyRequest, services: Parts) -> Page:
    """Keep the national number sealed, or forget it."""
    form = await read_form(request)
    try:
        await set_nik(services.db, session_of(request).user_id, form.text("nik"), key=services.person_key)
    except NikUnreadable as refusal:
        return await _show(request, services, errors={"nik": words_of(request, refusal)})
    return go_to(request, "/akun/data")


@get("/akun/data/unduh", guards=[SignedIn()])
async def get_export(request: AnyRequest, services: Parts) -> Response[bytes]:
    """All that is known of the person, and of the account they act for, as JSON."""
    content = msgspec.json.format(msgspec.json.encode(await _everything(services, session_of(request))))
    headers = {"Content-Disposition": attachment("bubuh-data-saya.json")}
    return Response(content=content, media_type="application/json", headers=headers)


@post("/akun/data/hapus", guards=[SignedIn()], media_type=MediaType.HTML)
async def post_forget(request: AnyRequest, services: Parts) -> Page:
    """Forget the person, once their password shows who wants that."""
    form = await read_form(request)
    session = session_of(request)
    known = await store.find_credentials(services.db, session.user_id)
    given = form.fields.get("password", "")[:1000]
    if known is None or not await services.hasher.verify(given, known.password_hash):
        return await _show(request, services, errors={"password": say(request)("Kata sandi tidak cocok.")})
    own = await _own_account(services, session)
    balance = await show_quota(services.db, own.account_id)
    is_busy = await has_open_matter(services.db, own.account_id)
    try:
        async with services.db.transaction() as conn:
            left = balance.free + balance.held + balance.in_transit
            await forget_words(conn, own.account_id)
            await destroy_all(conn, own.account_id)
            await forget_webhooks(conn, own.account_id)
            for each in await store.list_memberships(conn, session.user_id):
                await forget_reminders(conn, each.account_id, session.user_id)
            await forget(conn, session.user_id, own.account_id, stamps=left, is_busy=is_busy)
    except (AccountNotEmpty, AccountBusy, LastAdministrator) as refusal:
        return await _show(request, services, errors={"password": words_of(request, refusal)})
    cookies = browser_of(request).cookies
    return go_to(request, "/", cookies=[cookies.drop(cookies.session)])


HANDLERS: Final = [get_own_data, post_nik, get_export, post_forget]


async def _own_account(services: Services, session: Session) -> Membership:
    """The account that opened with the person."""
    accounts = await store.list_memberships(services.db, session.user_id)
    return next(account for account in accounts if account.kind is AccountKind.PERSON)


async def _show(request: AnyRequest, services: Services, *, errors: dict[str, str] | None = None) -> Page:
    session = session_of(request)
    known = await store.find_credentials(services.db, session.user_id)
    assert known is not None, "who is signed in has a password"
    return show(
        request,
        "account/own_data.html",
        status=422 if errors else 200,
        address=await username_of(request, services),
        contacts=[contact.masked for contact in await _contacts(services, session)],
        nik=masked_nik(known, services.person_key),
        errors=errors or {},
    )


async def _contacts(services: Services, session: Session) -> list[Any]:
    found = await store.list_contacts(services.db, session.user_id)
    return [read_contact(services.person_key.open(sealed, "contact")) for _, sealed in found]


async def _everything(services: Services, session: Session) -> dict[str, Any]:
    known = await store.find_credentials(services.db, session.user_id)
    assert known is not None, "who is signed in has a password"
    movements, last = [], None
    while page := await list_movements(services.db, session.account_id, after=last, limit=MOST_AT_ONCE):
        movements += page
        last = page[-1].no
    return {
        "user": {
            "id": show_actor(session.user_id),
            "name": session.user_name,
            "contacts": [contact.address for contact in await _contacts(services, session)],
            "nik": masked_nik(known, services.person_key),
            "has_pin": known.has_pin,
            "has_authenticator": known.has_totp,
        },
        "accounts": [
            {"id": show_account(each.account_id), "kind": each.kind, "name": each.name, "role": each.role}
            for each in await store.list_memberships(services.db, session.user_id)
        ],
        "sessions": [
            {
                "id": show_id("ses", each.id),
                "agent": each.agent,
                "since": each.created_at,
                "seen": each.seen_at,
            }
            for each in await store.list_sessions(services.db, session.user_id)
        ],
        "account": show_account(session.account_id),
        "balance": await show_quota(services.db, session.account_id),
        "movements": movements,
        "history": await _entries(services, session),
        "documents": await _documents(services, session),
        "complaints": await _complaints(services, session),
        "reminders": await _reminders(services, session),
        "webhooks": [
            {"id": show_id(WEBHOOK, each.id), "url": each.url, "since": each.made_at, "state": each.state}
            for each in await list_webhooks(services.db, session.account_id)
        ],
    }


async def _entries(services: Services, session: Session) -> list[dict[str, Any]]:
    """Every stamp, order and refund."""
    told: list[dict[str, Any]] = []
    last = None
    while page := await list_entries(services.db, session.account_id, Filter(), before=last, most=MOST_ROWS):
        last = (page[-1].at, page[-1].id)
        told += [
            {
                "id": show_id(_PREFIXES[each.kind], each.id),
                "kind": each.kind,
                "state": each.state,
                "at": each.at,
                "ended_at": each.ended_at,
                "document_type": each.title,
                "document_no": each.number,
                "reason": each.reason,
                "stamps": each.stamps,
                "amount_idr": each.amount_idr,
            }
            for each in page
        ]
    return told


async def _documents(services: Services, session: Session) -> list[dict[str, Any]]:
    """Every document that came, with its name for as long as its bytes are here."""
    return [
        {
            "id": show_id("doc", each.id),
            "name": None if each.key_sealed is None else document_name(each, services.store_key),
            "sha256": each.sha256.hex(),
            "size_bytes": each.size_bytes,
            "state": each.state,
            "received_at": each.received_at,
        }
        async for each in list_documents(services.db, session.account_id)
    ]


async def _complaints(services: Services, session: Session) -> list[dict[str, Any]]:
    """Every complaint of the account, with what was written."""
    found = page = await list_complaints(services.db, session.account_id)
    while page:
        last = page[-1]
        page = await list_complaints(services.db, session.account_id, before=(last.opened_at, last.id))
        found += page
    return [
        {
            "no": show_id(COMPLAINT, each.id),
            "opened_at": each.opened_at,
            "state": each.state,
            "words": unsealed.words,
            "answer": unsealed.answer,
        }
        for each, unsealed in ((one, opened(one, services.person_key)) for one in found)
    ]


async def _reminders(services: Services, session: Session) -> list[dict[str, Any]]:
    """Turns that the person asked to be told of, in each account they act for."""
    return [
        {
            "account": show_account(each.account_id),
            "lane": one.lane,
            "number": one.number,
            "asked_at": one.asked_at,
            "expires_at": one.expires_at,
            "told_at": one.told_at,
        }
        for each in await store.list_memberships(services.db, session.user_id)
        for one in await list_reminders(services.db, each.account_id, session.user_id)
    ]
