"""A desk to stamp at, documents to stamp, and the judges others wrote."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pikepdf
import pytest

from bubuh.edge.verdicts import ADDITIONS, FINDINGS, VERDICT_REASONS
from bubuh.pdf.judge.verdict import judge
from bubuh.pdf.model import Chain, Intent, Judgement, Place, Trust
from bubuh.pdf.seal.keys import load_key
from bubuh.pdf.seal.pki import Pki, PrivateKey, development_pki
from tests.pdf.offline import affix_with_key

DATA = Path(__file__).parents[1] / "data"
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
SERIAL = "0BBH7K2M9QX4ZTR1W8S5AG"
OTHER_SERIAL = "1ICJ8L3N0RY5AUS2X9T6BH"
URL = "https://bubuh.example.id/s/"


@dataclass(frozen=True)
class Desk:
    """Everything needed to stamp and to judge, with one PKI and one moment."""

    pki: Pki
    key: PrivateKey
    trust: Trust
    chain: Chain
    now: datetime = NOW
    defaults: Mapping[str, float] = field(
        default_factory=lambda: {"x_pt": 40.0, "y_pt": 30.0, "side_pt": 80.0}
    )

    @classmethod
    def open(cls, pki: Pki) -> Desk:
        return cls(
            pki=pki,
            key=load_key(pki.seal_key),
            trust=Trust(roots=(pki.root_certificate,), now=NOW + timedelta(days=1)),
            chain=pki.chain("dev-1"),
        )

    def intent(self, serial_no: str = SERIAL, *, page: int = 1, **place: float) -> Intent:
        return Intent(
            serial_no=serial_no,
            place=Place(page=page, **{**self.defaults, **place}),
            signed_at=self.now,
            file_id=bytes(range(16)),
            qr_payload=URL + serial_no,
            key_id="dev-1",
        )

    def affix(self, document: bytes, serial_no: str = SERIAL, *, page: int = 1, **place: float) -> bytes:
        return affix_with_key(document, self.intent(serial_no, page=page, **place), self.chain, self.key)

    def judge(self, document: bytes, **trust: object) -> Judgement:
        """The verdict; each code in it has words for people."""
        said = judge(document, replace(self.trust, **trust))  # type: ignore[arg-type]
        assert set(said.reasons) <= set(VERDICT_REASONS), said.reasons
        assert set(said.findings) <= set(FINDINGS), said.findings
        assert all(set(stamp.added) <= set(ADDITIONS) for stamp in said.stamps)
        return said


@pytest.fixture(scope="session")
def desk() -> Desk:
    return Desk.open(development_pki(NOW - timedelta(days=30)))


@pytest.fixture(scope="session")
def stranger() -> Desk:
    """Somebody with a PKI of the same names, whom nobody trusts."""
    return Desk.open(development_pki(NOW - timedelta(days=30)))


@pytest.fixture(scope="session")
def letter() -> bytes:
    return (DATA / "surat-lamaran.pdf").read_bytes()


def sample_names() -> list[str]:
    return sorted(path.name for path in DATA.glob("*.pdf"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each test that asks for `sample` runs on every sample document."""
    if "sample" in metafunc.fixturenames:
        metafunc.parametrize("sample", sample_names(), indirect=True)


@pytest.fixture
def sample(request: pytest.FixtureRequest) -> bytes:
    return DATA.joinpath(str(request.param)).read_bytes()


@pytest.fixture(scope="session")
def sheet() -> Callable[..., bytes]:
    """A document made to measure: `sheet(rotate=90, crop=(…), …)`."""

    def make(
        *,
        pages: int = 1,
        media: tuple[float, ...] = (0, 0, 595, 842),
        edit: Callable[[pikepdf.Pdf], None] | None = None,
        **saving: object,
    ) -> bytes:
        pdf = pikepdf.new()
        for _ in range(pages):
            page = pdf.add_blank_page(page_size=(100, 100))
            page.obj.MediaBox = pikepdf.Array(media)
            page.obj.Contents = pdf.make_stream(b"0.9 g 150 150 200 300 re f\n")
        if edit is not None:
            edit(pdf)
        out = io.BytesIO()
        pdf.save(out, deterministic_id="encryption" not in saving, **saving)  # type: ignore[arg-type]
        return out.getvalue()

    return make
