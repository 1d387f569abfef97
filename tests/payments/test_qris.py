"""QRIS: codes that others made are read and written back, and what we write is read as it was meant."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import zxingcpp
from hypothesis import given, strategies as st
from PIL import Image, ImageDraw

from bubuh.gateway_dev.qris import dynamic_qris
from bubuh.payments.qris import (
    MOST_IDR,
    NATIONAL,
    Qris,
    Template,
    build_qris,
    checked_qris,
    crc16,
    parse_qris,
)
from bubuh.payments.qris_svg import qris_svg
from bubuh.payments.refusals import GatewayMisspoke

#: Codes in public use, found in public code repositories on 2026-11-22: a charity's static code, and a
#: dynamic one of a payment gateway.
STATIC = (
    "00020101021126550016ID.CO.SHOPEE.WWW01189360091800000000180202180303UBE51440014ID.CO.QRIS.WWW"
    "0215ID20190022915550303UBE5204839853033605802ID5906Baznas6013Jakarta Pusat61051034062070703A016304A402"
)
DYNAMIC = (
    "00020101021226650013CO.XENDIT.WWW01189360084800000000020215WNtXtb6qmr4ZJBw0303UME51370014ID.CO.QRIS.WWW"
    "0215ID20253781998505204509953033605405100715802ID5922PT Harta Tahta Sukaria6013JAKARTA PUSAT610510340"
    "62290525jnKoyvoo7dqcUcM86B9hvu6bC6304F1E5"
)
OTHER_CURRENCY = (  # Philippines: developers.paymongo.com/reference/qr-transfer-resource, 2026-11-22
    "00020101021227770012com.p2pqrpay0111PAEYPHM2XXX02089996440304129858893861530514+63-99137298615204601653036"
    "086406123.455802PH5913ENG-19818-ged6006Manila62980012com.p2pqrpay0103***0214+63-99137298620303***0408LOYA"
    "LTY10506test120605cust10708123456780803***6304ED03"
)

printable = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=25)
numbers = st.text("0123456789", min_size=1, max_size=19)


def maybe(of: st.SearchStrategy[str]) -> st.SearchStrategy[str | None]:
    return st.none() | of


templates = st.builds(
    Template,
    domain=st.sampled_from(("COM.EXAMPLE.WWW", "ID.CO.CONTOH.WWW", NATIONAL)),
    pan=maybe(numbers),
    merchant_no=maybe(numbers),
    criteria=maybe(st.sampled_from(("UMI", "UKE", "UME", "UBE", "URE"))),
)
codes = st.builds(
    Qris,
    templates=st.dictionaries(st.integers(26, 51).map(str), templates, max_size=3).map(
        lambda chosen: tuple(sorted(chosen.items()))
    ),
    category=st.text("0123456789", min_size=4, max_size=4),
    name=printable,
    city=printable.map(lambda text: text[:15]),
    postal_code=maybe(st.text("0123456789", min_size=5, max_size=5)),
    amount_idr=st.none() | st.integers(1, MOST_IDR),
    bill_no=maybe(printable),
    reference=maybe(printable),
    terminal=maybe(printable),
    is_dynamic=st.booleans(),
)


def with_crc(body: str) -> str:
    return f"{body}{crc16(body.encode()):04X}"


def test_the_check_sum_is_the_one_of_the_standard() -> None:
    # the published check value of CRC-16/CCITT-FALSE (reveng catalogue, "CRC-16/IBM-3740")
    assert crc16(b"123456789") == 0x29B1


def test_a_static_code_of_others_is_read_and_written_back() -> None:
    qris = parse_qris(STATIC)
    assert (qris.name, qris.city, qris.category, qris.postal_code) == (
        "Baznas",
        "Jakarta Pusat",
        "8398",
        "10340",
    )
    assert (qris.nmid, qris.amount_idr, qris.is_dynamic, qris.terminal) == (
        "ID2019002291555",
        None,
        False,
        "A01",
    )
    assert qris.templates[0] == (
        "26",
        Template(domain="ID.CO.SHOPEE.WWW", pan="936009180000000018", merchant_no="18", criteria="UBE"),
    )
    assert build_qris(qris) == STATIC


def test_a_dynamic_code_of_others_is_read_and_written_back() -> None:
    qris = parse_qris(DYNAMIC)
    assert (qris.amount_idr, qris.is_dynamic, qris.reference) == (10_071, True, "jnKoyvoo7dqcUcM86B9hvu6bC")
    assert checked_qris(DYNAMIC, amount_idr=10_071) == DYNAMIC
    assert build_qris(qris) == DYNAMIC


@given(code=codes)
def test_what_is_built_is_read_as_it_was_meant(code: Qris) -> None:
    assert parse_qris(build_qris(code)) == code


@given(code=codes, data=st.data())
def test_one_wrong_character_is_noticed(code: Qris, data: st.DataObject) -> None:
    text = build_qris(code)
    at = data.draw(st.integers(0, len(text) - 1))
    wrong = data.draw(st.characters(min_codepoint=32, max_codepoint=126).filter(lambda one: one != text[at]))
    with pytest.raises(GatewayMisspoke):
        parse_qris(text[:at] + wrong + text[at + 1 :])


@given(
    text=st.text(max_size=200) | st.text("0123456789", max_size=200).map(lambda body: with_crc(body + "6304"))
)
def test_nothing_but_a_qris_code_is_read_as_one(text: str) -> None:
    with pytest.raises(GatewayMisspoke):
        parse_qris(text)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("5303360", "5303840"),  # dollars
        ("5802ID", "5802SG"),
        ("000201", "000202"),
        ("010212", "010213"),
        ("540510071", "5408100.7100"),
        ("540510071", "54011"),
        ("540510071", "5401154011"),
        ("5922PT Harta Tahta Sukaria", ""),
        ("540510071", "54991007"),
    ],
)
def test_a_code_with_the_right_sum_may_still_be_none_of_ours(old: str, new: str) -> None:
    changed = with_crc(DYNAMIC[:-4].replace(old, new))
    assert changed != DYNAMIC
    with pytest.raises(GatewayMisspoke):
        checked_qris(changed, amount_idr=10_071)


def test_a_code_of_another_country_is_refused() -> None:
    with pytest.raises(GatewayMisspoke):
        parse_qris(OTHER_CURRENCY)


@pytest.mark.parametrize("text", [STATIC, with_crc(DYNAMIC[:-8].replace("5802ID", "5502015802ID") + "6304")])
def test_a_code_that_leaves_the_amount_open_is_not_shown(text: str) -> None:
    with pytest.raises(GatewayMisspoke):
        checked_qris(text, amount_idr=10_071)


@pytest.mark.parametrize(
    "change",
    [{"name": ""}, {"name": "x" * 26}, {"city": "Sürabaya"}, {"has_tip": True}, {"bill_no": "x" * 26}],
)
def test_what_fits_no_code_is_not_built(change: dict[str, object]) -> None:
    fields = {"templates": (), "category": "9399", "name": "A", "city": "B", **change}
    with pytest.raises(ValueError, match=r"tag|tip"):
        build_qris(Qris(**fields))  # type: ignore[arg-type]


def test_a_phone_reads_the_drawing() -> None:
    text = dynamic_qris("ord_0G3ZMVQ2H49Q8S2NXW5T7R6K1P-1", 30_000)
    assert parse_qris(text).amount_idr == 30_000
    drawn = qris_svg(text, expires_at=datetime(2026, 11, 22, 8, 0, tzinfo=UTC))
    assert "Berlaku sampai 22-11-2026 15.00 WIB" in drawn
    assert [read.text for read in zxingcpp.read_barcodes(_painted(drawn))] == [text]


def _painted(svg: str, *, scale: int = 4) -> Image.Image:
    """The one path of the drawing, horizontal strokes one module wide, painted without a renderer."""
    side = int(svg.partition('viewBox="0 0 ')[2].split()[0])
    image = Image.new("L", (side * scale, side * scale), 255)
    pen, path = ImageDraw.Draw(image), svg.partition(' d="')[2].partition('"')[0]
    x, y = 0.0, -0.5
    for step in path.replace("M", " M ").replace("m", " m ").replace("h", " h ").split(" m"):
        move, _, line = step.replace("M", "").strip().partition("h")
        dx, dy = (float(one) for one in move.replace("-", " -").split())
        x, y = x + dx, y + dy if y >= 0 else dy
        for run in line.split("h"):
            pen.rectangle(
                (x * scale, (y - 0.5) * scale, (x + int(run)) * scale - 1, (y + 0.5) * scale - 1), fill=0
            )
            x += int(run)
    return image
