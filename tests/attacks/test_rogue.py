"""A real key sealed it, and yet it is not what the engine makes: the right seal does not heal the rest."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.attacks.conftest import sample
from tests.attacks.rogue import Alter, put, sealed, spans
from tests.pdf.conftest import OTHER_SERIAL, SERIAL, URL, Desk

KINDS = ("surat-lamaran.pdf", "daftar-hadir-diputar.pdf", "surat-pernyataan-sudah-ditandatangani.pdf")
NAME, REASON = rb"/T (Stamp\137%s)", rb"/Reason (\133%s\135"
SPAN = b"/Span << /ActualText (%s) >>"

ALTERED: dict[str, Alter] = {
    "field bears another serial": put(NAME % SERIAL.encode(), NAME % OTHER_SERIAL.encode()),
    "reason bears another serial": put(REASON % SERIAL.encode(), REASON % OTHER_SERIAL.encode()),
    "drawing bears another serial": put(SPAN % SERIAL.encode(), SPAN % OTHER_SERIAL.encode()),
    "sub-filter of another age": put(b"/ETSI.CAdES.detached", b"/adbe.pkcs7.detached"),
    "sub-filter of bare RSA": put(b"/ETSI.CAdES.detached", b"/adbe.x509.rsa_sha1 "),
    "no sub-filter": put(b"/SubFilter", b"/SubFilteX"),
    "a time-stamp by its type": put(b"/Type /Sig", b"/Type /Tsa"),
    "no contents": put(b"/Contents", b"/Contentz"),
    "no byte range": put(b"/ByteRange", b"/ByteRangX"),
    "byte range without the first byte": spans(lambda start, end, rest: (1, start - 1, end, rest)),
    "byte range without the last byte": spans(lambda start, end, rest: (0, start, end, rest - 1)),
    "byte range with a wider gap before": spans(lambda start, end, rest: (0, start - 9, end, rest)),
    "byte range with a wider gap after": spans(lambda start, end, rest: (0, start, end + 9, rest - 9)),
    "byte range without the document": spans(lambda start, end, rest: (start - 9, 9, end, rest)),
    "byte range within the signature": spans(lambda start, end, rest: (0, start + 1, end - 1, rest + 1)),
    "byte range of one part": spans(lambda start, _end, _rest: (0, start)),
    "byte range of six numbers": spans(lambda start, end, rest: (0, start, end, 1, end, rest)),
    "byte range of nothing": spans(lambda _start, _end, _rest: (0, 0, 0, 0)),
    "byte range overlapping": spans(lambda start, end, rest: (0, start, start - 5, end + rest - start + 5)),
    "byte range past the end": spans(lambda start, end, rest: (0, start, end, rest + 999)),
    "byte range backwards": spans(lambda start, end, rest: (end, rest, 0, start)),
    "byte range negative": spans(lambda start, end, rest: (0, start, end, -rest)),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_rogue_seals_unchanged_is_genuine(kind: str, desk: Desk) -> None:
    assert desk.judge(sealed(desk, sample(kind), desk.intent())).is_genuine


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ALTERED)
def test_a_stamp_altered_before_it_was_sealed_is_not(name: str, kind: str, desk: Desk) -> None:
    said = desk.judge(sealed(desk, sample(kind), desk.intent(), ALTERED[name]))
    assert not said.is_genuine
    assert said.reasons


@pytest.mark.parametrize("kind", KINDS)
def test_a_code_that_leads_to_another_serial_is_not(kind: str, desk: Desk) -> None:
    """Whoever scans the face with a telephone is led to another stamp."""
    intent = replace(desk.intent(), qr_payload=URL + OTHER_SERIAL)
    said = desk.judge(sealed(desk, sample(kind), intent))
    assert not said.is_genuine
    assert "serial_differs" in said.reasons


@pytest.mark.parametrize("kind", KINDS)
def test_strokes_of_another_serial_under_the_right_words_are_not(kind: str, desk: Desk) -> None:
    """Programs read the right number, people another one."""
    alter = put(OTHER_SERIAL.encode(), SERIAL.encode())
    intent = replace(desk.intent(OTHER_SERIAL), qr_payload=URL + SERIAL)
    said = desk.judge(sealed(desk, sample(kind), intent, alter))
    assert not said.is_genuine
    assert "serial_differs" in said.reasons
