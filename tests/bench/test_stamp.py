from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from pyhanko.pdf_utils.reader import PdfFileReader

from bubuh.bench.floor import bare
from bubuh.bench.ours import Engine
from bubuh.bench.pyhanko_default import default_path
from bubuh.bench.rows import KEYS
from bubuh.bench.stamp import Report, fresh_intents
from bubuh.pdf.judge.verdict import judge
from bubuh.pdf.model import Trust
from bubuh.pdf.seal.pki import Pki

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
WAYS = ("ours", "rehearsed", "floor", "pyhanko")


def test_what_is_measured_is_a_genuine_stamp(
    engine: Engine, pki: Pki, trust_of: Callable[[Pki], Trust]
) -> None:
    plain, reread = islice(fresh_intents(NOW), 2)
    for increment, intent in ((engine.stamp(plain), plain), (engine.stamp_rehearsed(reread), reread)):
        judgement = judge(engine.document + increment, trust_of(pki))
        assert judgement.is_genuine, judgement
        assert [stamp.serial_no for stamp in judgement.stamps] == [intent.serial_no]


def test_reading_it_back_changes_nothing(engine: Engine, pki: Pki) -> None:
    intent = next(fresh_intents(NOW))
    plain, reread = engine.stamp(intent), engine.stamp_rehearsed(intent)
    if pki.algorithm == "p256":  # a signature of chance
        assert len(plain) == len(reread)
    else:
        assert plain == reread


@pytest.mark.oracle
def test_the_rival_makes_a_valid_stamp_too(
    document: bytes,
    pki: Pki,
    trust_of: Callable[[Pki], Trust],
    pyhanko_words: Callable[[bytes, Trust], dict[str, bool]],
    qpdf_complaints: Callable[[bytes], str],
) -> None:
    intent = next(fresh_intents(NOW))
    stamped = default_path(document, pki)(intent)
    assert stamped.startswith(document)
    assert pyhanko_words(stamped, trust_of(pki)) == {intent.field_name: True}
    assert qpdf_complaints(stamped) == ""


def test_the_rival_draws_a_code_that_reads(documents: dict[str, bytes], usual_pki: Pki) -> None:
    import pypdfium2
    import zxingcpp

    intent = next(fresh_intents(NOW))
    stamped = default_path(documents["text-25k"], usual_pki)(intent)
    with pypdfium2.PdfDocument(stamped) as pdf:
        pdf.init_forms()
        seen = pdf[0].render(scale=5, may_draw_forms=True).to_pil()
    assert [code.text for code in zxingcpp.read_barcodes(seen)] == [intent.qr_payload]


def test_the_rival_signs_as_ours_does(documents: dict[str, bytes], usual_pki: Pki) -> None:
    intent = next(fresh_intents(NOW))
    stamped = default_path(documents["text-25k"], usual_pki)(intent)
    (signature,) = PdfFileReader(io.BytesIO(stamped)).embedded_regular_signatures
    certificates = {certificate.dump() for certificate in signature.signed_data["certificates"]}
    assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
    assert {usual_pki.seal_certificate, usual_pki.issuing_certificate} == certificates


def test_the_floor_signs_the_hash_of_the_file(engine: Engine) -> None:
    signature = bare(engine.document, engine.key)()
    public = engine.key.public_key()
    if isinstance(public, ec.EllipticCurvePublicKey):
        public.verify(signature, engine.document, ec.ECDSA(hashes.SHA256()))
    else:
        public.verify(signature, engine.document, padding.PKCS1v15(), hashes.SHA256())
    assert len(hashlib.sha256(engine.document).digest()) == 32


def test_no_two_intents_share_a_serial_number() -> None:
    intents = list(islice(fresh_intents(NOW), 2000))
    assert len({intent.serial_no for intent in intents}) == len(intents)
    assert all(intent.qr_payload.endswith(intent.serial_no) for intent in intents)


def test_a_report_has_a_row_for_each_file_and_key(
    report: Report, measured: dict[str, Callable[[], bytes]]
) -> None:
    assert [(row.file, row.key) for row in report.rows] == [(file, key) for key in KEYS for file in measured]
    assert list(report.inspect) == list(measured)
    assert report.outcome.rounds == 2


def test_each_row_is_whole_and_its_ratios_are_those_of_its_times(report: Report) -> None:
    for row in report.rows:
        facts = row.facts()
        times = {way: facts[f"{way}_ms"] for way in WAYS}
        assert all(isinstance(taken, float) and taken > 0 for taken in times.values()), facts
        assert facts["times_floor"] == pytest.approx(row.ours.median / row.floor.median, abs=0.001)
        assert facts["times_pyhanko"] == pytest.approx(row.pyhanko.median / row.ours.median, abs=0.001)
        assert facts["per_s"] == pytest.approx(1000 / row.ours.median, abs=0.1)
        assert 0 < row.increment_bytes < row.size_bytes + 20_000


def test_the_middle_lies_between_the_quartiles(report: Report) -> None:
    spreads = [spread for row in report.rows for spread in (row.ours, row.rehearsed, row.floor, row.pyhanko)]
    for spread in (*spreads, *report.inspect.values()):
        assert 0 < spread.low <= spread.median <= spread.high


def test_programs_find_the_names_they_were_promised(report: Report) -> None:
    facts = report.facts()
    assert {"rows", "inspect_ms", "rounds", "python", "cpu", "cores"} <= set(facts)
    promised = {"file", "key", "ours_ms", "pyhanko_ms", "floor_ms", "times_floor", "times_pyhanko"}
    assert all(promised <= set(row.facts()) for row in report.rows)
