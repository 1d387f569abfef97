"""Genuine documents for attackers, each proven genuine before it is touched."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from bubuh.pdf.midstate import midstate_of
from bubuh.pdf.model import Retired
from tests.pdf.conftest import DATA, NOW, OTHER_SERIAL, Desk, desk, sheet, stranger
from tests.pdf.test_unseen import affixed as affixed_unseen

__all__ = ["desk", "sheet", "stranger"]

Stamping = Callable[[Desk], bytes]


def sample(name: str) -> bytes:
    return DATA.joinpath(name).read_bytes()


def table(desk: Desk) -> bytes:
    """A classic cross-reference table."""
    return desk.affix(sample("surat-lamaran.pdf"))


def streams(desk: Desk) -> bytes:
    """Object and cross-reference streams, a turned page."""
    return desk.affix(sample("daftar-hadir-diputar.pdf"))


def signed(desk: Desk) -> bytes:
    """Somebody signed before us."""
    return desk.affix(sample("surat-pernyataan-sudah-ditandatangani.pdf"))


def twice(desk: Desk) -> bytes:
    """A form, three pages, two stamps."""
    return desk.affix(desk.affix(sample("perjanjian-sewa-formulir.pdf")), OTHER_SERIAL, page=2)


def lean_twice(desk: Desk) -> bytes:
    """Two stamps by the lean engine and nothing else: judged without a library."""
    return desk.affix(table(desk), OTHER_SERIAL, x_pt=200)


def unseen(desk: Desk) -> bytes:
    """The document stayed at home: planned by its midstate."""
    letter = sample("surat-lamaran.pdf")
    return affixed_unseen(desk, letter, midstate_of(letter, 1))


def retired_since(desk: Desk) -> bytes:
    """By a key that has been retired since, as those know who judge it."""
    return desk.affix(sample("kuitansi-chromium.pdf"))


BASES: Mapping[str, Stamping] = {
    made.__name__: made for made in (table, streams, signed, twice, lean_twice, unseen, retired_since)
}


def judging(name: str, desk: Desk) -> Desk:
    """Who judges the stamped document of that name."""
    if name != retired_since.__name__:
        return desk
    certificate = hashlib.sha256(desk.chain.seal_certificate).digest()
    retired = Retired(certificate, NOW + timedelta(seconds=1))
    return replace(desk, trust=replace(desk.trust, retired=(retired,)))


@dataclass(frozen=True)
class Victim:
    """A stamped document and who judges it."""

    name: str
    document: bytes
    desk: Desk

    def falls_to(self, forged: bytes, **trust: object) -> bool:
        """Whether the judge calls `forged` genuine; what was not changed at all is no forgery."""
        assert forged != self.document, "the attack changed nothing"
        said = self.desk.judge(forged, **trust)
        assert said.is_genuine or said.reasons, "a verdict without a reason"
        return said.is_genuine


@pytest.fixture(scope="session")
def stamped(desk: Desk) -> Mapping[str, bytes]:
    made = {name: make(desk) for name, make in BASES.items()}
    for name, document in made.items():
        assert judging(name, desk).judge(document).is_genuine, name
    return made


@pytest.fixture(params=sorted(BASES))
def victim(request: pytest.FixtureRequest, stamped: Mapping[str, bytes], desk: Desk) -> Victim:
    """Each kind of stamped document in turn: all of them are TOTAL-PASSED."""
    return Victim(request.param, stamped[request.param], judging(request.param, desk))


@pytest.fixture(params=["table", "twice", "lean_twice"])
def classic(request: pytest.FixtureRequest, stamped: Mapping[str, bytes], desk: Desk) -> Victim:
    """Those with a classic table."""
    return Victim(request.param, stamped[request.param], desk)
