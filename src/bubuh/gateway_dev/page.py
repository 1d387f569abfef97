"""The page on which a person plays the payer."""

from __future__ import annotations

from datetime import timedelta, timezone
from importlib import resources
from typing import Final

from jinja2 import Environment
from markupsafe import Markup

from bubuh.gateway_dev.lines import ShownCharge
from bubuh.payments.qris_svg import qris_svg

_WIB: Final = timezone(timedelta(hours=7))
_STATUS: Final = {
    "open": "Menunggu pembayaran",
    "paid": "Sudah dibayar",
    "closed": "Sudah ditutup atau kedaluwarsa",
}
_PAGE: Final = Environment(autoescape=True).from_string(
    resources.files("bubuh.gateway_dev").joinpath("pay.html").read_text(encoding="utf-8")
)


def pay_page(charge: ShownCharge) -> str:
    """The page for `charge`: Indonesian, without JavaScript, one button while it can be paid."""
    return _PAGE.render(
        reference=charge.reference,
        amount="Rp" + f"{charge.amount_idr:,}".replace(",", "."),
        va=charge.va,
        state=charge.state,
        status=_STATUS[charge.state],
        expires_at=charge.expires_at,
        expires_shown=charge.expires_at.astimezone(_WIB).strftime("%d-%m-%Y %H:%M"),
        qris_svg=_drawn(charge),
    )


def _drawn(charge: ShownCharge) -> Markup:
    drawn = "" if charge.qris is None else qris_svg(charge.qris, expires_at=charge.expires_at)
    return Markup(drawn)  # noqa: S704 -- our own drawing
