"""A dynamic QRIS text of the development gateway: well formed, and of an acquirer that does not exist."""

from __future__ import annotations


def dynamic_qris(reference: str, amount_idr: int) -> str:
    """The text that a payer's phone would scan.

    Source: EMVCo QR Code Specification, Merchant-Presented Mode 1.1: tags 00, 01 (12: dynamic), 26 (merchant
    account), 52, 53 (360: IDR), 54, 58, 59, 60, 62 (05: reference, at most 25) and 63, the CRC of all before.
    """
    text = "".join(
        (
            _field("00", "01"),
            _field("01", "12"),
            _field("26", _field("00", "ID.BUBUH.PENGEMBANGAN")),
            _field("52", "9399"),
            _field("53", "360"),
            _field("54", str(amount_idr)),
            _field("58", "ID"),
            _field("59", "BUBUH PENGEMBANGAN"),
            _field("60", "JAKARTA"),
            _field("62", _field("05", reference[-25:])),
            "6304",
        )
    )
    return text + f"{_crc16(text.encode()):04X}"


def _field(tag: str, value: str) -> str:
    return f"{tag}{len(value):02}{value}"


def _crc16(data: bytes) -> int:
    """CRC-16/CCITT-FALSE: polynomial 1021, start FFFF."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ (0x1021 if crc & 0x8000 else 0)) & 0xFFFF
    return crc
