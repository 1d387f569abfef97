"""What the steps of registering, signing in and renewing share: who asks, and the code that is sent."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from litestar import Request

from bubuh.core.ids import read_id, show_id
from bubuh.edge.exchange import exchange_of
from bubuh.edge.guards import limit
from bubuh.edge.services import Services
from bubuh.identity.people import store
from bubuh.identity.people.ask_code import ask_code
from bubuh.identity.people.model import Challenge, Contact, Purpose
from bubuh.identity.people.prove import find_proved
from bubuh.identity.people.sessions import LONGEST_AGENT, hash_secret, open_session
from bubuh.web.browser import browser_of
from bubuh.web.frame import Page, go_to, language_here, session_of

AnyRequest = Request[Any, Any, Any]

_KINDS: Final = ("Firefox", "Edg", "OPR", "SamsungBrowser", "Chrome", "Safari")
_PLACES: Final = ("Android", "iPhone", "iPad", "Windows", "Mac OS", "Linux")


def browser_hash(request: AnyRequest) -> bytes:
    """Whose browser this is: a challenge is good in it alone."""
    return hash_secret(browser_of(request).secret)


async def send_code(request: AnyRequest, services: Services, purpose: Purpose, contact: Contact) -> Page:
    """Have a code sent and lead to where it is typed; raises `RateLimited`."""
    limit(request, "doors", exchange_of(request.scope).client)
    limit(request, "codes", services.person_key.index(contact.address, "rate").hex())
    challenge_id = await ask_code(
        services.db,
        purpose,
        contact,
        browser_sha256=browser_hash(request),
        language=str(language_here(request)),
        key=services.person_key,
    )
    return go_to(request, f"/kode/{show_challenge(challenge_id)}")


async def proved(request: AnyRequest, services: Services, text: str, purpose: Purpose) -> Challenge:
    """The challenge that this browser has proved; raises `ChallengeUnknown`, `MalformedId`."""
    return await find_proved(services.db, read_id("chl", text), purpose, browser_sha256=browser_hash(request))


async def username_of(request: AnyRequest, services: Services) -> str:
    """The address under which a password manager knows who is signed in: the one they gave first."""
    contacts = await store.list_contacts(services.db, session_of(request).user_id)
    assert contacts, "who is signed in has an address"
    return services.person_key.open(contacts[0][1], "contact")


def address_of(challenge: Challenge, services: Services) -> str:
    """Where the challenge's code was sent."""
    assert challenge.address_sealed is not None, "which is kept"
    return services.person_key.open(challenge.address_sealed, "contact")


async def enter(request: AnyRequest, services: Services, user_id: UUID, *, to: str) -> Page:
    """Sign the user in with a fresh secret, so that one known before opens nothing, and lead on."""
    secret = await open_session(services.db, user_id, agent=agent_of(request))
    cookies = browser_of(request).cookies
    return go_to(request, to, cookies=[cookies.put(cookies.session, secret, max_age_s=30 * 86_400)])


def show_challenge(challenge_id: UUID) -> str:
    """A challenge's id in an address."""
    return show_id("chl", challenge_id)


def agent_of(request: AnyRequest) -> str:
    """A browser by name and device, for its owner to know it again: never more than that."""
    said = request.headers.get("user-agent", "")
    kind = next((name for name in _KINDS if name in said), "?")
    place = next((name for name in _PLACES if name in said), "?")
    return f"{ {'Edg': 'Edge', 'OPR': 'Opera'}.get(kind, kind) } · {place}"[:LONGEST_AGENT]
