"""The text of a QRIS code: EMVCo's merchant-presented mode with Indonesia's own templates, built and read.

Source: EMV QR Code Specification for Payment Systems, Merchant-Presented Mode 1.1, chapters 3 and 4; Bank
Indonesia and ASPI, Standar Nasional QR Code Pembayaran (MPM): tag 26 and on for the acquirer, 51 for the
national merchant number.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from bubuh.payments.refusals import GatewayMisspoke

NATIONAL: Final = "ID.CO.QRIS.WWW"  #: whose template carries the national merchant number (NMID)
RUPIAH: Final = "360"  #: ISO 4217, numeric
MOST_IDR: Final = 10_000_000  #: what one QRIS payment may move
_STATIC, _DYNAMIC = "11", "12"
_TEMPLATES: Final = tuple(f"{tag:02}" for tag in range(26, 52))
_LONGEST: Final = 99  #: of a value; its length has two digits
_MOST_CHARACTERS: Final = 512
_CRC_TAG: Final = "6304"
_AMOUNT_LENGTH: Final = 13


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A merchant as one scheme knows it."""

    domain: str  #: reversed, as in COM.EXAMPLE.WWW
    pan: str | None = None  #: merchant PAN, up to 19 digits, at an acquirer
    merchant_no: str | None = (
        None  #: the acquirer's number, or the NMID (ID and 13 digits) in the national one
    )
    criteria: str | None = None  #: size of the business: UMI, UKE, UME, UBE, URE

    @property
    def is_national(self) -> bool:
        """Whether it is the template that every QRIS has."""
        return self.domain == NATIONAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Qris:
    """What a QRIS code says. All texts are plain ASCII."""

    templates: tuple[tuple[str, Template], ...]  #: by tag, 26 to 51
    category: str  #: merchant category code, ISO 18245
    name: str  #: at most 25 characters
    city: str  #: at most 15 characters
    postal_code: str | None = None
    amount_idr: int | None = None  #: None: the payer types it
    bill_no: str | None = None  #: at most 25 characters, like the next two
    reference: str | None = None
    terminal: str | None = None
    has_tip: bool = False  #: the payer is asked for more than the amount
    is_dynamic: bool = True

    @property
    def nmid(self) -> str | None:
        """The national merchant number."""
        return next((one.merchant_no for _, one in self.templates if one.is_national), None)


def build_qris(qris: Qris) -> str:
    """The text to be shown as a code, its CRC last.

    Raises:
        ValueError: a value is empty, not ASCII or too long for its tag, or the code asks for a tip.
    """
    if qris.has_tip:
        raise ValueError("we ask nobody for a tip")
    extra = _fields({"01": qris.bill_no, "05": qris.reference, "07": qris.terminal}, longest=25)
    body = (
        _field("00", "01")
        + _field("01", _DYNAMIC if qris.is_dynamic else _STATIC)
        + "".join(_field(tag, _template(one)) for tag, one in sorted(qris.templates, key=lambda one: one[0]))
        + _field("52", qris.category, longest=4)
        + _field("53", RUPIAH)
        + ("" if qris.amount_idr is None else _field("54", str(qris.amount_idr), longest=_AMOUNT_LENGTH))
        + _field("58", "ID")
        + _field("59", qris.name, longest=25)
        + _field("60", qris.city, longest=15)
        + _fields({"61": qris.postal_code}, longest=10)
        + _fields({"62": extra or None})
        + _CRC_TAG
    )
    return f"{body}{crc16(body.encode('ascii')):04X}"


def parse_qris(text: str) -> Qris:
    """What the code `text` says.

    Raises:
        GatewayMisspoke: it is no QRIS, its CRC is wrong, or it is in another currency.
    """
    if len(text) > _MOST_CHARACTERS or not text.isascii():
        raise GatewayMisspoke("qris: not plain text of at most 512 characters")
    if text[-8:-4] != _CRC_TAG or text[-4:].upper() != f"{crc16(text[:-4].encode('ascii')):04X}":
        raise GatewayMisspoke("qris: the check sum does not agree")
    fields = _read(text[:-8])
    _require(fields, {"00": "01", "53": RUPIAH, "58": "ID"})
    if next(iter(fields)) != "00" or fields.get("01") not in {_STATIC, _DYNAMIC}:
        raise GatewayMisspoke("qris: neither static nor dynamic")
    extra = _read(fields.get("62", ""))
    return Qris(
        templates=tuple((tag, _read_template(value)) for tag, value in fields.items() if tag in _TEMPLATES),
        category=_wanted(fields, "52"),
        name=_wanted(fields, "59"),
        city=_wanted(fields, "60"),
        postal_code=fields.get("61"),
        amount_idr=_amount(fields["54"]) if "54" in fields else None,
        bill_no=extra.get("01"),
        reference=extra.get("05"),
        terminal=extra.get("07"),
        has_tip="55" in fields,
        is_dynamic=fields["01"] == _DYNAMIC,
    )


def checked_qris(text: str, *, amount_idr: int) -> str:
    """`text`, when a payer who scans it is asked for exactly `amount_idr`; a gateway's code is not believed.

    Raises:
        GatewayMisspoke: it is no QRIS, or it asks for another amount.
    """
    qris = parse_qris(text)
    if qris.amount_idr != amount_idr or qris.has_tip or not qris.is_dynamic:
        raise GatewayMisspoke(f"qris: it asks for {qris.amount_idr}, not for {amount_idr} rupiah")
    return text


def crc16(data: bytes) -> int:
    """CRC-16/CCITT-FALSE: polynomial 1021, start FFFF, not reflected. Source: ISO/IEC 13239, by EMVCo."""
    return binascii.crc_hqx(data, 0xFFFF)


def _template(one: Template) -> str:
    fields = {"00": one.domain, "01": one.pan, "02": one.merchant_no, "03": one.criteria}
    return _fields(fields)


def _fields(values: Mapping[str, str | None], *, longest: int = _LONGEST) -> str:
    return "".join(_field(tag, value, longest=longest) for tag, value in values.items() if value is not None)


def _field(tag: str, value: str, *, longest: int = _LONGEST) -> str:
    if not 1 <= len(value) <= longest or not value.isascii() or not value.isprintable():
        raise ValueError(f"tag {tag}: {value!r} is not 1 to {longest} plain characters")
    return f"{tag}{len(value):02}{value}"


def _read(text: str) -> dict[str, str]:
    """Tag to value, in their order; raises `GatewayMisspoke` unless all of `text` is fields, each once."""
    fields: dict[str, str] = {}
    for tag, value in _walk(text):
        if tag in fields:
            raise GatewayMisspoke(f"qris: tag {tag} comes twice")
        fields[tag] = value
    return fields


def _walk(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(text):
        head = text[at : at + 4]
        if len(head) < 4 or not head.isdecimal():
            raise GatewayMisspoke(f"qris: no field at character {at}")
        value = text[at + 4 : at + 4 + int(head[2:])]
        if not value or len(value) < int(head[2:]):
            raise GatewayMisspoke(f"qris: the field at character {at} is cut off")
        yield head[:2], value
        at += 4 + len(value)


def _read_template(text: str) -> Template:
    fields = _read(text)
    return Template(
        domain=_wanted(fields, "00"),
        pan=fields.get("01"),
        merchant_no=fields.get("02"),
        criteria=fields.get("03"),
    )


def _require(fields: Mapping[str, str], wanted: Mapping[str, str]) -> None:
    for tag, value in wanted.items():
        if fields.get(tag) != value:
            raise GatewayMisspoke(f"qris: tag {tag} is {fields.get(tag)!r}, not {value!r}")


def _wanted(fields: Mapping[str, str], tag: str) -> str:
    if tag not in fields:
        raise GatewayMisspoke(f"qris: tag {tag} is missing")
    return fields[tag]


def _amount(text: str) -> int:
    """Whole rupiah; a fraction has to be nought."""
    whole, _, fraction = text.partition(".")
    if len(text) > _AMOUNT_LENGTH or not whole.isdecimal() or fraction.strip("0"):
        raise GatewayMisspoke(f"qris: {text!r} is no amount of rupiah")
    return int(whole)
