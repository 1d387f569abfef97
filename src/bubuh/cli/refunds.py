"""`bubuh refunds`: money back by a clerk, and the second person's word above the limit."""

from __future__ import annotations

from typing import Annotated

import typer

from bubuh.cli.output import Json, answer
from bubuh.cli.service import As, acting_operator, with_database
from bubuh.core.ids import fresh_id, read_id, show_account, show_id
from bubuh.db.pool import Database
from bubuh.payments.model import REFUND
from bubuh.refunds.ask import ask_refund
from bubuh.refunds.decide import decide
from bubuh.refunds.end import end_refund
from bubuh.refunds.model import MOST_IDR, AskedRefund, Ending, Refund
from bubuh.refunds.show import list_waiting, whose_order
from bubuh.settings import Settings

refunds = typer.Typer(no_args_is_help=True, help="Money back.")

RefundNo = Annotated[str, typer.Argument(metavar="REFUND", help="rfd_…")]


@refunds.callback()
def refunds_group() -> None:
    """Money back."""


@refunds.command("ask")
def ask_command(
    order: Annotated[str, typer.Argument(metavar="ORDER", help="ord_…")],
    stamps: Annotated[int, typer.Argument(min=1, help="How many unused stamps.")],
    refundable_idr: Annotated[
        int, typer.Option(min=0, max=MOST_IDR, help="What of the order may still go back, as you saw it.")
    ],
    reason: Annotated[str, typer.Option(help="Why, for the audit; no personal data.")],
    as_key: As = None,
    as_json: Json = False,
) -> None:
    """Hold STAMPS of an order's account and have their money sent back."""

    async def act(db: Database) -> dict[str, object]:
        actor = await acting_operator(db, as_key)
        order_id = read_id("ord", order)
        account_id = await whose_order(db, order_id)
        refund, _ = await ask_refund(
            db,
            AskedRefund(order_id=order_id, stamps=stamps, refundable_idr=refundable_idr, reason=reason),
            refund_id=fresh_id(account_id),
            account_id=account_id,
            limit_idr=Settings.from_env().refund_limit,
            actor=actor,
        )
        return _shown(refund)

    answer(with_database(act), as_json=as_json)


@refunds.command("waiting")
def waiting_command(as_json: Json = False) -> None:
    """List the refunds that wait for a second person, to begin or to end."""
    found = with_database(list_waiting)
    if as_json:
        answer({"refunds": [_shown(refund) for refund in found]}, as_json=True)
        return
    for refund in found:
        answer(_shown(refund), as_json=False)


@refunds.command("approve")
def approve_command(refund: RefundNo, as_key: As = None, as_json: Json = False) -> None:
    """Agree to a refund that somebody else asked for."""
    _decide(refund, as_key, agrees=True, as_json=as_json)


@refunds.command("decline")
def decline_command(refund: RefundNo, as_key: As = None, as_json: Json = False) -> None:
    """Decline a refund that somebody else asked for: its stamps are given back."""
    _decide(refund, as_key, agrees=False, as_json=as_json)


@refunds.command("end")
def end_command(
    refund: RefundNo,
    how: Annotated[Ending, typer.Option(help="done: its buyer has the money; failed: nobody will carry it.")],
    reason: Annotated[str, typer.Option(help="Who said so, and by which proof; no personal data.")],
    as_key: As = None,
    as_json: Json = False,
) -> None:
    """End a refund that is on the unmatched list as overdue; its gateway is asked no more.

    Above the limit a second person says the same before it ends.
    """

    async def act(db: Database) -> dict[str, object]:
        actor = await acting_operator(db, as_key)
        ended = await end_refund(
            db,
            read_id(REFUND, refund),
            ending=how,
            reason=reason,
            limit_idr=Settings.from_env().refund_limit,
            actor=actor,
        )
        return _shown(ended)

    answer(with_database(act), as_json=as_json)


def _decide(refund: str, as_key: str | None, *, agrees: bool, as_json: bool) -> None:
    async def act(db: Database) -> dict[str, object]:
        actor = await acting_operator(db, as_key)
        return _shown(await decide(db, read_id(REFUND, refund), agrees=agrees, actor=actor))

    answer(with_database(act), as_json=as_json)


def _shown(refund: Refund) -> dict[str, object]:
    return {
        "id": show_id(REFUND, refund.id),
        "state": str(refund.state),
        "account": show_account(refund.account_id),
        "order": show_id("ord", refund.order_id),
        "stamps": refund.stamps,
        "amount_idr": refund.amount_idr,
        "reason": refund.reason,
        "end_told": None if refund.end_told is None else str(refund.end_told),
    }
