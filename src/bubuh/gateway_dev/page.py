"""The page on which a person plays the payer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta, timezone
from typing import Any, Final

from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from bubuh.gateway_dev.lines import ShownCharge
from bubuh.payments.qris_svg import qris_svg

_WIB: Final = timezone(timedelta(hours=7))
_STATUS: Final = {
    "open": "Menunggu pembayaran",
    "paid": "Sudah dibayar",
    "closed": "Sudah ditutup atau kedaluwarsa",
}
_PAGES: Final = Environment(autoescape=True, loader=PackageLoader("bubuh.gateway_dev", ""))
_PAGE: Final = _PAGES.get_template("pay.html")
_ACCOUNT: Final = _PAGES.get_template("account.html")


def pay_page(charge: ShownCharge) -> str:
    """The page for `charge`: Indonesian, without JavaScript, one button while it can be paid."""
    return _PAGE.render(
        reference=charge.reference,
        amount=_rupiah(charge.amount_idr),
        va=charge.va,
        state=charge.state,
        status=_STATUS[charge.state],
        expires_at=charge.expires_at,
        expires_shown=charge.expires_at.astimezone(_WIB).strftime("%d-%m-%Y %H:%M"),
        qris_svg=_drawn(charge),
    )


def account_page(account_no: str, told: Mapping[str, Any], charge: ShownCharge | None) -> str:
    """The bank's page for an account, by what its owner answered to the inquiry and what was paid before."""
    data = told.get("virtualAccountData", {})
    amount = data.get("totalAmount", {}).get("value", "").removesuffix(".00")
    return _ACCOUNT.render(
        account_no=account_no,
        owner=data.get("virtualAccountName"),
        amount=_rupiah(int(amount)) if amount.isdecimal() else None,
        is_open=told["responseCode"] == "2002400",
        code=told["responseCode"],
        message=data.get("inquiryReason", {}).get("indonesia") or told["responseMessage"],
        payments=[
            (_rupiah(one.amount), any(back.payment_no == one.payment_no for back in charge.refunds))
            for one in charge.payments
        ]
        if charge is not None
        else [],
    )


def _rupiah(amount: int) -> str:
    return "Rp" + f"{amount:,}".replace(",", ".")


def _drawn(charge: ShownCharge) -> Markup:
    drawn = "" if charge.qris is None else qris_svg(charge.qris, expires_at=charge.expires_at)
    return Markup(drawn)  # noqa: S704 -- our own drawing
