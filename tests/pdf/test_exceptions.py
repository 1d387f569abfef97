"""No exception type of any library reaches a caller: every one there is, thrown at the boundary."""

from __future__ import annotations

import builtins
import importlib
import itertools
import pkgutil
import zlib
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Final

import pytest

from bubuh.core.errors import Refusal
from bubuh.pdf import plan as planning, rehearse as rehearsing
from bubuh.pdf.intake import inspection as intake
from bubuh.pdf.judge import verdict as judging
from bubuh.pdf.model import Indication, Trust
from bubuh.pdf.refusals import DocumentRefused
from tests.pdf.conftest import Desk
from tests.pdf.locked import locked_with_strings_in_streams

LIBRARIES: Final = ("pyhanko", "pyhanko_certvalidator", "asn1crypto", "cryptography", "pikepdf")


def modules(name: str) -> Iterator[ModuleType]:
    top = importlib.import_module(name)
    yield top
    for found in pkgutil.walk_packages(top.__path__, f"{name}."):
        try:
            yield importlib.import_module(found.name)
        except ImportError:
            continue  # an extra that is not installed throws nothing here


def every_exception() -> list[type[Exception]]:
    found: set[type[Exception]] = {zlib.error}
    holders = [builtins, *(module for name in LIBRARIES for module in modules(name))]
    for module in holders:
        found |= {
            kind
            for kind in vars(module).values()
            if isinstance(kind, type) and issubclass(kind, Exception) and not issubclass(kind, Refusal)
        }
    return sorted(found - {MemoryError}, key=lambda kind: (kind.__module__, kind.__qualname__))


#: Of the library alone: the lean engine plans nothing in it.
LOCKED: Final = locked_with_strings_in_streams()
EXCEPTIONS: Final = every_exception()


def thrown(kind: type[Exception]) -> Exception:
    """One of `kind`, however it wants to be made."""
    return kind.__new__(kind)


def test_the_libraries_have_many_of_their_own() -> None:
    names = {kind.__name__ for kind in EXCEPTIONS}
    assert len(EXCEPTIONS) > 100
    assert {"PdfReadError", "PdfError", "InvalidSignature", "RecursionError", "error"} <= names


@pytest.mark.parametrize(
    "place", ["open_reader", "signatures", "breaches", "covered", "seal_status", "prove", "_page_of"]
)
def test_whatever_is_thrown_while_judging_proves_nothing(place: str) -> None:
    for kind in EXCEPTIONS:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(judging, place, throwing(kind))
            said = judging.judge_whole(*stamped())
            assert not said.is_genuine, kind
            assert said.indication in {Indication.INDETERMINATE, Indication.FAILED}
            assert said.reasons


def test_whatever_is_thrown_on_the_way_in_is_a_refusal() -> None:
    document, desk = stamped()[0], _Made.desk
    assert desk is not None
    increment = planning.plan(document, desk.intent("0" * 22, x_pt=200), desk.chain)
    calls: list[tuple[ModuleType, str, Callable[[], object]]] = [
        (intake, "open_reader", lambda: intake.inspect(document)),
        (planning, "open_reader", lambda: planning.plan(LOCKED, desk.intent(), desk.chain)),
        (rehearsing, "open_pdf", lambda: rehearsing.rehearse(document, increment, desk.intent())),
    ]
    for kind, (module, place, call) in itertools.product(EXCEPTIONS, calls):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, place, throwing(kind))
            with pytest.raises(DocumentRefused) as refused:
                call()
            assert refused.value.reason == "damaged", (kind, place)


def throwing(kind: type[Exception]) -> object:
    def throw(*_: object, **__: object) -> object:
        raise thrown(kind)

    return throw


class _Made:
    """A desk and its document, made once: Hypothesis wants no fixture of a function's scope."""

    desk: Desk | None = None
    document: bytes = b""


@pytest.fixture(autouse=True, scope="module")
def made(desk: Desk, letter: bytes) -> None:
    _Made.desk, _Made.document = desk, desk.affix(letter)


def stamped() -> tuple[bytes, Trust]:
    assert _Made.desk is not None
    return _Made.document, _Made.desk.trust
