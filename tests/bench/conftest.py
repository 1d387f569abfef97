"""A run of the whole bench, short: what it says is looked at, never how fast it was."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from bubuh.bench.files import FILES
from bubuh.bench.ours import Engine
from bubuh.bench.rows import KEYS
from bubuh.bench.stamp import Report, measure_stamps
from bubuh.pdf.model import Trust
from bubuh.pdf.seal.keys import load_key
from bubuh.pdf.seal.pki import Pki, development_pki

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def documents() -> dict[str, bytes]:
    return {name: make() for name, make in FILES.items()}


@pytest.fixture(params=list(FILES))
def file(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def document(documents: dict[str, bytes], file: str) -> bytes:
    return documents[file]


@pytest.fixture(scope="session", params=KEYS)
def pki(request: pytest.FixtureRequest) -> Pki:
    return development_pki(NOW - timedelta(days=30), algorithm=request.param)


@pytest.fixture(
    scope="session",
    params=[
        pytest.param(["text-25k"], id="one file"),
        pytest.param(list(FILES), id="all files", marks=pytest.mark.long),
    ],
)
def measured(request: pytest.FixtureRequest) -> dict[str, Callable[[], bytes]]:
    """What a run of a bench is over."""
    return {file: FILES[file] for file in request.param}


@pytest.fixture(scope="session")
def report(measured: dict[str, Callable[[], bytes]]) -> Report:
    return measure_stamps(NOW, seconds=0.1, least_rounds=2, files=measured)


@pytest.fixture(scope="session")
def usual_pki() -> Pki:
    return development_pki(NOW - timedelta(days=30))


@pytest.fixture(scope="session")
def trust_of() -> Callable[[Pki], Trust]:
    return lambda pki: Trust(roots=(pki.root_certificate,), now=NOW + timedelta(days=1))


@pytest.fixture
def engine(document: bytes, pki: Pki) -> Engine:
    return Engine(document=document, key=load_key(pki.seal_key), chain=pki.chain("bench"))
