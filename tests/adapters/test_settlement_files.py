"""Settlement files and statements by their forms: what is odd is read rightly, or refused in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bubuh.adapters.settlement.files import open_settlement
from bubuh.adapters.settlement.profile import BadFileProfile, read_profiles
from bubuh.payments.settlement import BankLine, GatewayLine, Line, SettlementUnreadable

PAID = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)


MIDTRANS = """Order ID,Transaction time,Transaction status,Payment Type,Amount,Net Amount,Settlement Date
{reference},2026-11-20 10:00:00,settlement,qris,"30,000","29,790.00",2026-11-21
x,2026-11-20 10:00:00,expire,qris,30000,0,
{reference},2026-11-20 11:00:00,refund,qris,10000,-10000,2026-11-21
"""
XENDIT = """Status,Type,Reference,Amount,Net Amount,Created Date,Settlement Date
SUCCESSFUL,PAYMENT,ord-1,30000,29790,2026-11-20T03:00:00Z,2026-11-22
FAILED,PAYMENT,ord-2,30000,0,2026-11-20T03:00:00Z,
SUCCESSFUL,REFUND,rfd_1,10000,-10000,2026-11-20T03:00:00Z,2026-11-22
SUCCESSFUL,WITHDRAWAL,w,29790,-29790,2026-11-21T03:00:00Z,2026-11-22
"""
MT940 = """:20:STARTUMSE
:25:10010010/1111111111
:28C:00001/001
:60F:C261120IDR44000000,00
:61:2611211121C29790,00NTRFNONREF//B1
:86:TRF MIDTRANS B1
:61:2611221122D5000,00NMSCNONREF
:86:BIAYA ADM
:62F:C261122IDR44024790,00
-
"""
MIDTRANS_ROW = "\n".join(MIDTRANS.format(reference="r").splitlines()[:2]) + "\n"


def statement(booked: str) -> str:
    """A statement with these lines between its balances."""
    return f":20:STARTUMSE\n:25:1001/1\n:28C:00001/001\n:60F:C261120IDR0,00\n{booked}:62F:C261122IDR0,00\n-\n"


def kept(folder: Path, text: str, name: str = "file.csv") -> list[Line]:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return list(open_settlement(path, read_profiles()).lines())


def test_midtranss_own_file(tmp_path: Path) -> None:
    assert kept(tmp_path, MIDTRANS.format(reference="r")) == [
        GatewayLine(
            gateway="midtrans",
            reference="r",
            amount_idr=30_000,
            net_idr=29_790,
            paid_at=PAID,
            payout="2026-11-21",
        ),
        GatewayLine(
            gateway="midtrans",
            reference="r",
            amount_idr=-10_000,
            net_idr=-10_000,
            paid_at=PAID + timedelta(hours=1),
            payout="2026-11-21",
        ),
    ]


def test_xendits_own_file(tmp_path: Path) -> None:
    assert kept(tmp_path, XENDIT) == [
        GatewayLine(
            gateway="xendit",
            reference="ord-1",
            amount_idr=30_000,
            net_idr=29_790,
            paid_at=PAID,
            payout="2026-11-22",
        ),
        GatewayLine(
            gateway="xendit",
            reference="rfd_1",
            amount_idr=-10_000,
            net_idr=-10_000,
            paid_at=PAID,
            payout="2026-11-22",
        ),
    ]


def test_what_is_voided_came_and_went_back_and_is_part_of_no_payout(tmp_path: Path) -> None:
    head, row = XENDIT.splitlines()[:2]
    voided = row.replace("SUCCESSFUL", "VOIDED").replace(",2026-11-22", ",")
    back, came = kept(tmp_path, f"{head}\n{voided}\n")
    assert isinstance(came, GatewayLine)
    assert (came.reference, came.amount_idr, came.net_idr, came.paid_at) == ("ord-1", 30_000, 0, PAID)
    assert back == replace(came, amount_idr=-30_000)


def test_a_form_without_words_for_it_tells_money_given_back_by_its_sign(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(
        'form = "csv"\nside = "gateway"\nname = "own"\n'
        '[columns]\nreference = "ref"\namount = "jumlah"\npaid_at = "kapan"\n'
    )
    path = tmp_path / "own.csv"
    path.write_text(f"ref,jumlah,kapan\na,20000,{PAID.isoformat()}\na,-5000,{PAID.isoformat()}\n")
    lines = list(open_settlement(path, read_profiles(tmp_path)).lines())
    assert [(one.amount_idr, one.net_idr) for one in lines if isinstance(one, GatewayLine)] == [
        (20_000, 20_000),
        (-5_000, -5_000),
    ]


def test_a_statement_by_mt940(tmp_path: Path) -> None:
    first, second = kept(tmp_path, MT940, "rekening.sta")
    assert isinstance(first, BankLine)
    assert isinstance(second, BankLine)
    assert (first.amount_idr, first.booked_on, "B1" in first.words) == (29_790, date(2026, 11, 21), True)
    assert (second.amount_idr, second.number) == (-5_000, "rekening.sta:2")
    assert (first.is_own, second.is_own) == (False, True)


def test_a_banks_own_words(tmp_path: Path) -> None:
    """An operator's form is a file of his own, tried before ours."""
    (tmp_path / "bca.toml").write_text(
        'form = "csv"\nside = "bank"\nname = "bca"\ndelimiter = ";"\ndecimal = ","\n'
        'date_format = "%d/%m/%Y"\n'
        '[columns]\namount = "Jumlah"\npaid_at = "Tanggal"\nwords = "Keterangan"\n'
    )
    path = tmp_path / "mutasi.csv"
    path.write_text("\ufeffTanggal;Keterangan;Jumlah\n21/11/2026;TRF B1;29.790,00\n", encoding="utf-8")
    (one,) = open_settlement(path, read_profiles(tmp_path)).lines()
    assert one == BankLine(
        bank="bca", amount_idr=29_790, booked_on=date(2026, 11, 21), words="TRF B1", number="mutasi.csv:2"
    )


@pytest.mark.parametrize(
    ("text", "line_no"),
    [
        ("", 1),
        ("a,b,c\n1,2,3\n", 1),
        (MIDTRANS.replace("29,790.00", "29,790.50").format(reference="r"), 2),
        (MIDTRANS.replace("30,000", "tiga puluh").format(reference="r"), 2),
        (MIDTRANS.replace("10:00:00,settlement", "kemarin,settlement").format(reference="r"), 2),
        (MT940.replace("IDR", "USD"), 1),
        (MT940.replace("C29790,00", "C29790,50"), 1),
    ],
)
def test_a_file_that_cannot_be_read_names_the_line(tmp_path: Path, text: str, line_no: int) -> None:
    with pytest.raises(SettlementUnreadable) as raised:
        kept(tmp_path, text)
    assert raised.value.details["line"] == line_no


@pytest.mark.parametrize(
    "text",
    [
        "form = 'xls'",
        "form = 'csv'\nside = 'bank'\nname = 'b'",
        "form = 'csv'\nside = 'gateway'\nname = 'gw'\n[columns]\namount = 'A'\npaid_at = 'B'",
        "form = 'csv'\nside = 'bank'\nname = 'b'\nencoding = 'utf-9'\n[columns]\namount = 'A'\npaid_at = 'B'",
        "form = 'csv'\nside = 'bank'\nname = 'b'\ndelimiter = '\"'\n[columns]\namount = 'A'\npaid_at = 'B'",
        "not toml",
    ],
)
def test_a_form_that_cannot_be_used_says_so(tmp_path: Path, text: str) -> None:
    (tmp_path / "own.toml").write_text(text)
    with pytest.raises(BadFileProfile, match=r"own\.toml"):
        read_profiles(tmp_path)


# ------------------------------------------------------------------ odd ones

BANK = "Date,Number,Description,Amount\n"


def read_bytes(folder: Path, raw: bytes, name: str = "file.csv") -> list[Line]:
    path = folder / name
    path.write_bytes(raw)
    return list(open_settlement(path, read_profiles()).lines())


def amounts(lines: list[Line]) -> list[int]:
    return [one.amount_idr for one in lines]


def of_bank(folder: Path, amount: str, form: str = "") -> list[int]:
    """A bank's CSV of one line with `amount`, by a form with the lines `form`."""
    (folder / "own.toml").write_text(
        f'form = "csv"\nside = "bank"\nname = "own"\ndelimiter = ";"\n{form}\n'
        '[columns]\namount = "A"\npaid_at = "D"\n'
    )
    path = folder / "own.csv"
    path.write_text(f"D;A\n2026-11-21;{amount}\n")
    return amounts(list(open_settlement(path, read_profiles(folder)).lines()))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw: b"\xef\xbb\xbf" + raw,  # a byte order mark
        lambda raw: raw.replace(b"\n", b"\r\n"),
        lambda raw: raw.replace(b"\n", b"\r"),
        lambda raw: b"\r\n\r\n" + raw.replace(b"\n", b"\n\n"),
        lambda raw: raw.replace(b"\n", b",,\n"),  # delimiters that part nothing
        lambda raw: raw.replace(b"Order ID,", b" Order ID ,"),
        lambda raw: raw.rstrip(),
    ],
    ids=["mark", "crlf", "cr", "blank lines", "more delimiters", "blanks", "no end of line"],
)
@pytest.mark.parametrize("form", ["midtrans", "xendit"])
def test_csv_as_programs_really_write_it_is_read_alike(
    tmp_path: Path, form: str, spoil: Callable[[bytes], bytes]
) -> None:
    plain = {"midtrans": MIDTRANS.format(reference="r"), "xendit": XENDIT}[form].encode()
    assert read_bytes(tmp_path, spoil(plain)) == read_bytes(tmp_path, plain) != []


@pytest.mark.parametrize(
    "spoil", [lambda t: "\ufeff" + t, lambda t: t.replace("\n", "\r\n"), lambda t: t.replace("\n", "\r")]
)
def test_mt940_as_banks_really_write_it_is_read_alike(tmp_path: Path, spoil: Callable[[str], str]) -> None:
    assert read_bytes(tmp_path, spoil(MT940).encode()) == read_bytes(tmp_path, MT940.encode())


@pytest.mark.parametrize(
    ("form", "text", "amount_idr"),
    [
        ("", "29790", 29_790),
        ("", "29,790", 29_790),
        ("", "Rp 29,790.00", 29_790),
        ("", "-IDR29,790.00", -29_790),
        ("", "Rp-29790", -29_790),
        ("", "+29790.0", 29_790),
        ("", "29,790.00 DB", -29_790),
        ("", "29,790.00 CR", 29_790),
        ("", "29,790 K", 29_790),
        ("", "1,000,000,000,000,000", 10**15),
        ("", "0", 0),
        ('decimal = ","', "29.790", 29_790),
        ('decimal = ","', "29.790,00", 29_790),
        ('decimal = ","', "1.000.000,-".replace(",-", ",0"), 1_000_000),
    ],
)
def test_amounts_as_files_write_them(tmp_path: Path, form: str, text: str, amount_idr: int) -> None:
    assert of_bank(tmp_path, text, form) == [amount_idr]


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("", ""),
        ("", "29.790"),  # thirty thousand, or thirty and a bit?
        ("", "1,5"),
        ("", "1,0000"),
        ("", "1,000,00"),
        ("", "10_000"),
        ("", "1e6"),
        ("", "\u0661\u0662"),
        ("", "--5"),
        ("", "(5)"),
        ("", "USD 5"),
        ("", "5.50"),
        ("", "1" + "0" * 16),
        ("", "9" * 5_000),
        ('decimal = ","', "29,790"),
        ('decimal = ","', "29.79"),
    ],
)
def test_an_amount_that_may_be_two_things_or_none_is_refused(tmp_path: Path, form: str, text: str) -> None:
    with pytest.raises(SettlementUnreadable) as raised:
        of_bank(tmp_path, text, form)
    assert raised.value.details["line"] == 2


def test_a_bank_with_two_columns_of_amounts(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(
        'form = "csv"\nside = "bank"\nname = "own"\n'
        '[columns]\namount = "Kredit"\ndebit = "Debet"\npaid_at = "Tanggal"\n'
    )
    path = tmp_path / "own.csv"
    path.write_text("Tanggal,Debet,Kredit\n2026-11-21,,29790\n2026-11-21,5000.00,0.00\n2026-11-21,-,-\n")
    assert amounts(list(open_settlement(path, read_profiles(tmp_path)).lines())) == [29_790, -5_000, 0]
    path.write_text("Tanggal,Debet,Kredit\n2026-11-21,1,1\n")
    with pytest.raises(SettlementUnreadable, match="not both"):
        list(open_settlement(path, read_profiles(tmp_path)).lines())


def test_interest_has_fractions_and_is_the_accounts_own(tmp_path: Path) -> None:
    """What nobody matches may lose its fraction; all else is whole rupiah or refused."""
    lines = kept(tmp_path, BANK + "2026-11-21,1,BUNGA,1234.56\n2026-11-21,2,PAJAK BUNGA,-246.91\n")
    assert amounts(lines) == [1_234, -246]
    (interest,) = kept(tmp_path, statement(":61:2611211121C1234,56NINTNONREF\n:86:BUNGA\n"), "a.sta")
    assert interest.amount_idr == 1_234


@pytest.mark.parametrize(
    ("raw", "line_no", "said"),
    [
        (b"", 1, "forms"),
        (b"\n\n", 1, "forms"),
        (b"\x00" * 100, 1, "forms"),
        (MIDTRANS_ROW.encode("utf-16"), 1, "forms"),
        (MIDTRANS_ROW.replace(",", ";").encode(), 1, "forms"),
        (MIDTRANS_ROW.replace("r,2026", "\xe9,2026").encode("latin-1"), 1, "utf-8"),
        (MIDTRANS_ROW.replace("r,2026", "a\0b,2026").encode(), 2, "NUL"),
        (MIDTRANS_ROW.replace("r,2026", "r" * 300 + ",2026").encode(), 2, "255"),
        (
            MIDTRANS_ROW.replace("00,settlement", '00,"settlement')
            .replace('"30,000","29,790.00",', "1,1,")
            .encode(),
            1,
            "end of data",
        ),
        (MIDTRANS_ROW.replace(",qris", "").encode(), 2, "7 fields, not 6"),
        (MIDTRANS_ROW.replace('"30,000"', "30,000").encode(), 2, "7 fields, not 8"),
        (MIDTRANS_ROW.replace("Payment Type", "Amount").encode(), 1, "one column"),
        (MIDTRANS_ROW.replace("2026-11-20", "0001-01-01").encode(), 2, "century"),
        (MIDTRANS_ROW.replace("2026-11-20", "9999-12-31").encode(), 2, "century"),
        (MIDTRANS_ROW.replace("Payment Type", "Currency").replace("qris", "USD").encode(), 2, "rupiah"),
    ],
)
def test_what_is_odd_in_a_csv_is_refused_in_words(
    tmp_path: Path, raw: bytes, line_no: int, said: str
) -> None:
    with pytest.raises(SettlementUnreadable) as raised:
        read_bytes(tmp_path, raw)
    assert said in str(raised.value.details["expected"])
    assert raised.value.details["line"] == line_no


def test_what_has_no_money_in_it_may_have_no_amount(tmp_path: Path) -> None:
    text = MIDTRANS_ROW + "x,2026-11-20 10:00:00,expire,qris,,,\n"
    assert amounts(kept(tmp_path, text)) == [30_000]


@pytest.mark.parametrize(
    ("mark", "amount_idr"), [("C", 29_790), ("D", -29_790), ("RC", -29_790), ("RD", 29_790), ("d", -29_790)]
)
def test_marks_of_credit_and_debit(tmp_path: Path, mark: str, amount_idr: int) -> None:
    """SWIFT: RC takes a credit back, RD a debit."""
    text = statement(f":61:2611211121{mark}29790,00NTRFNONREF\n:86:TRF\n")
    assert amounts(kept(tmp_path, text, "a.sta")) == [amount_idr]


def test_statements_in_one_file_have_a_currency_each(tmp_path: Path) -> None:
    rupiah = statement(":61:2611211121C29790,00NTRFNONREF\n:86:TRF\n")
    assert amounts(kept(tmp_path, rupiah + rupiah, "a.sta")) == [29_790, 29_790]
    with pytest.raises(SettlementUnreadable, match="rupiah"):
        kept(tmp_path, rupiah + rupiah.replace("IDR", "USD").replace(":60F:", ":60M:"), "a.sta")


@pytest.mark.parametrize(
    "details",
    [
        "166?00TRANSFER?20{0}?32MIDTRANS",
        "166?00TRANSFER?20{1}?21{2}?32MIDTRANS",
        "TRF {1}\n{2} MIDTRANS",
    ],
)
def test_a_banks_words_are_whole_however_it_parts_them(tmp_path: Path, details: str) -> None:
    number = "rfd_0G3ZMVQ2H49Q8S2NXW5T7R6K1P"
    text = statement(
        ":61:2611211121D5000,00NTRFKREF12//B9\n:86:" + details.format(number, number[:20], number[20:]) + "\n"
    )
    (one,) = kept(tmp_path, text, "a.sta")
    assert isinstance(one, BankLine)
    assert number in one.words.replace(" ", "")
    assert "KREF12" in one.words
    assert "B9" in one.words


@pytest.mark.parametrize(
    "lines",
    [
        ":61:2611211121C1,2,3NTRFNONREF\n:86:x\n",
        ":61:2611211121C,NTRFNONREF\n:86:x\n",
        ":61:2611311121C5,00NTRFNONREF\n:86:x\n",  # 31 November
        ":61:besok\n",
        ":61:2611211121C5,00\n:61:2611211121C6,00NTRFNONREF\n",  # the library writes one over the other
    ],
)
def test_a_statement_that_cannot_be_read_is_refused(tmp_path: Path, lines: str) -> None:
    with pytest.raises(SettlementUnreadable, match=r"a\.sta"):
        kept(tmp_path, statement(lines), "a.sta")


def test_a_statement_of_nothing_is_empty(tmp_path: Path) -> None:
    assert kept(tmp_path, statement(""), "a.sta") == []


def test_a_file_that_is_not_there_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(SettlementUnreadable, match=r"gone\.csv"):
        open_settlement(tmp_path / "gone.csv", read_profiles())
