"""The checker sees what it is for: each kind of breach, planted in a history that is otherwise whole."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from bubuh.core.ids import fresh_account_id, fresh_id, show_account, show_id
from bubuh.drill.books import BalanceRow, Books, DocumentRow, OrderRow, StampRow, TransferRow
from bubuh.drill.history import Kind, check_history
from bubuh.drill.journal import Entry, Told
from bubuh.stamping.moves import MOVES

RNG = random.Random(20261122)
NUMBER = fresh_account_id(RNG.getrandbits)
ACCOUNT = show_account(NUMBER)
ORDER, DOCUMENT, STAMP, OTHER = (fresh_id(NUMBER, RNG.randbytes) for _ in range(4))
ORD, DOC, STM, OTH = (
    show_id(prefix, one)
    for prefix, one in (("ord", ORDER), ("doc", DOCUMENT), ("stm", STAMP), ("stm", OTHER))
)
BYTES, STAMPED = "ab" * 32, "cd" * 32


def told(what: Told, subject: str, *, key: str = "", fact: str = "") -> Entry:
    return Entry(at_s=0.0, told=what, account=ACCOUNT, id=subject, key=key, fact=fact)


def moved(ref: Any, kind: str, debit: str, credit: str, stamps: int = 1) -> TransferRow:
    return TransferRow(account=ACCOUNT, ref=ref.hex, kind=kind, debit=debit, credit=credit, stamps=stamps)


TOLD = [
    told(Told.OPENED, ACCOUNT),
    told(Told.PLACED, ORD, key="k1", fact="3"),
    told(Told.PAID, ORD),
    told(Told.SEEN, ORD, fact="filled"),
    told(Told.KEPT, DOC, key="k2", fact=BYTES),
    told(Told.ACCEPTED, STM, key="k3"),
    told(Told.SEEN, STM, fact="accepted"),
    told(Told.SEEN, STM, fact="affixed"),
    told(Told.FETCHED, STM, fact=STAMPED),
    told(Told.ACCEPTED, OTH, key="k4"),
    told(Told.SEEN, OTH, fact="accepted"),
    told(Told.SEEN, OTH, fact="returned"),
]
AFFIXED = StampRow(account=ACCOUNT, id=STM, state="affixed", serial_no="T1A", sha256=STAMPED)
RETURNED = StampRow(account=ACCOUNT, id=OTH, state="returned", serial_no="T1B")
FILLED = OrderRow(account=ACCOUNT, id=ORD, state="filled", stamps=3)
KEPT = DocumentRow(account=ACCOUNT, id=DOC, state="ready", sha256=BYTES)
ALLOT = moved(ORDER, "allot", "sold", "free", 3)
HOLD, CAPTURE = moved(STAMP, "hold", "free", "held"), moved(STAMP, "capture", "held", "used")
OTHER_HOLD, RELEASE = moved(OTHER, "hold", "free", "held"), moved(OTHER, "release", "held", "free")
BALANCE = BalanceRow(account=ACCOUNT, free=2, used=1)
WHOLE = Books(
    accounts=[ACCOUNT],
    stamps=[AFFIXED, RETURNED],
    orders=[FILLED],
    documents=[KEPT],
    transfers=[ALLOT, HOLD, CAPTURE, OTHER_HOLD, RELEASE],
    balances=[BALANCE],
)


def kinds(told: list[Entry], books: Books) -> set[tuple[Kind, str]]:
    return {(found.kind, found.subject) for found in check_history(told, books)}


def test_a_whole_history_has_no_finding() -> None:
    assert check_history(TOLD, WHOLE) == []


PLANTED = {
    "a stamp's row is gone": (replace(WHOLE, stamps=[RETURNED]), Kind.LOST, STM),
    "an order's row is gone": (replace(WHOLE, orders=[]), Kind.LOST, ORD),
    "a document's row is gone": (replace(WHOLE, documents=[]), Kind.LOST, DOC),
    "an account's row is gone": (replace(WHOLE, accounts=[]), Kind.LOST, ACCOUNT),
    "a stamp's row is there twice": (
        replace(WHOLE, stamps=[AFFIXED, AFFIXED, RETURNED]),
        Kind.DOUBLED,
        STM,
    ),
    "a stamp stands before what was seen": (
        replace(WHOLE, stamps=[replace(AFFIXED, state="processing"), RETURNED]),
        Kind.BACKWARD,
        STM,
    ),
    "a returned stamp came to be affixed": (
        replace(WHOLE, stamps=[AFFIXED, replace(RETURNED, state="affixed", sha256=STAMPED)]),
        Kind.BACKWARD,
        OTH,
    ),
    "an order stands before what was seen": (
        replace(WHOLE, orders=[replace(FILLED, state="placed")]),
        Kind.BACKWARD,
        ORD,
    ),
    "a stamp never ended": (
        replace(WHOLE, stamps=[AFFIXED, replace(RETURNED, state="processing")]),
        Kind.UNRESOLVED,
        OTH,
    ),
    "money was taken and nothing credited": (
        replace(WHOLE, orders=[replace(FILLED, state="placed")], transfers=WHOLE.transfers[1:]),
        Kind.UNRESOLVED,
        ORD,
    ),
    "less was credited than bought": (
        replace(WHOLE, transfers=[replace(ALLOT, stamps=2), *WHOLE.transfers[1:]]),
        Kind.LOST,
        ORD,
    ),
    "a purchase was credited twice": (
        replace(WHOLE, transfers=[ALLOT, *WHOLE.transfers]),
        Kind.DOUBLED,
        ORD,
    ),
    "a stamp was captured twice": (
        replace(WHOLE, transfers=[CAPTURE, *WHOLE.transfers]),
        Kind.DOUBLED,
        STM,
    ),
    "a stamp was never captured": (
        replace(WHOLE, transfers=[one for one in WHOLE.transfers if one is not CAPTURE]),
        Kind.LOST,
        STM,
    ),
    "quota came back after it was used": (
        replace(WHOLE, transfers=[*WHOLE.transfers, moved(STAMP, "release", "held", "free")]),
        Kind.DOUBLED,
        STM,
    ),
    "a balance is one too high": (
        replace(WHOLE, balances=[replace(BALANCE, free=3)]),
        Kind.UNBALANCED,
        ACCOUNT,
    ),
    "a balance row is gone": (replace(WHOLE, balances=[]), Kind.UNBALANCED, ACCOUNT),
    "one serial number on two stamps": (
        replace(WHOLE, stamps=[AFFIXED, replace(RETURNED, serial_no="T1A")]),
        Kind.DOUBLED,
        "T1A",
    ),
    "the document that was fetched is another now": (
        replace(WHOLE, stamps=[replace(AFFIXED, sha256=BYTES), RETURNED]),
        Kind.LOST,
        STM,
    ),
    "what was kept is not what was sent": (
        replace(WHOLE, documents=[replace(KEPT, sha256=STAMPED)]),
        Kind.LOST,
        DOC,
    ),
}


@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_breach_of_the_books_is_found(planted: str) -> None:
    books, kind, subject = PLANTED[planted]
    assert (kind, subject) in kinds(TOLD, books)


def test_one_key_with_two_ids_is_a_stamp_too_many() -> None:
    double = [*TOLD, told(Told.ACCEPTED, OTH, key="k3")]
    assert kinds(double, WHOLE) == {(Kind.DOUBLED, "k3")}


def test_a_stamp_that_nobody_was_told_of_is_one_too_many() -> None:
    silent = [entry for entry in TOLD if entry.id != OTH]
    assert kinds(silent, WHOLE) == {(Kind.DOUBLED, OTH)}


def test_a_client_that_saw_a_state_go_back_is_believed() -> None:
    back = [*TOLD, told(Told.SEEN, STM, fact="processing")]
    assert (Kind.BACKWARD, STM) in kinds(back, WHOLE)


@pytest.mark.parametrize("state", list(MOVES))
def test_a_stamp_in_any_state_is_held_to_the_moves_of_that_state(state: str) -> None:
    books = replace(WHOLE, stamps=[replace(AFFIXED, state=state), RETURNED])
    found = kinds(TOLD, books)
    assert (found == set()) == (state == "affixed")
