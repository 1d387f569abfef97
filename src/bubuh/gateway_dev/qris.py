"""A dynamic QRIS text of the development gateway: well formed, and of an acquirer that does not exist."""

from __future__ import annotations

from typing import Final

from bubuh.payments.qris import NATIONAL, Qris, Template, build_qris

_TEMPLATES: Final = (
    (
        "26",
        Template(
            domain="ID.BUBUH.PENGEMBANGAN", pan="936000000000000000", merchant_no="UJICOBA", criteria="UMI"
        ),
    ),
    ("51", Template(domain=NATIONAL, merchant_no="ID0000000000000", criteria="UMI")),
)


def dynamic_qris(reference: str, amount_idr: int) -> str:
    """The text that a payer's phone would scan; a reference is told by its last 25 characters."""
    return build_qris(
        Qris(
            templates=_TEMPLATES,
            category="9399",
            name="BUBUH PENGEMBANGAN",
            city="JAKARTA",
            postal_code="10110",
            amount_idr=amount_idr,
            reference=reference[-25:],
        )
    )
