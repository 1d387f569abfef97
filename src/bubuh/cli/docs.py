"""`bubuh docs`: what of the documentation is drawn from the code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import typer

from bubuh.cli.output import Json, answer
from bubuh.complaints import moves as complaints
from bubuh.core.moves import draw
from bubuh.orders import moves as orders
from bubuh.payments import moves as payments
from bubuh.refunds import moves as refunds

docs = typer.Typer(no_args_is_help=True, help="Documentation that is drawn from the code.")

STATES: Final = Path("docs/reference/states.md")
_HEAD: Final = """# States

Drawn by `bubuh docs states` from the tables of moves (`moves.py` of each slice); a test holds this page to
them. A move marked as a correction is one that a gateway forced after we thought the thing was over, or that
an operator made where no gateway told the end; the event of a move bears its name (`order_events`,
`payment_attempt_events`, `refund_events`, `complaint_events`).
"""


@docs.callback()
def docs_group() -> None:
    """Documentation that is drawn from the code."""


@docs.command("states")
def states_command(
    where: Annotated[Path, typer.Option(help="The checkout.")] = Path(), as_json: Json = False
) -> None:
    """Draw the states of orders, attempts, refunds and complaints into the reference."""
    page = where / STATES
    page.write_text(states_page(), encoding="utf-8")
    answer({"page": str(page)}, as_json=as_json)


def states_page() -> str:
    """The page, as it must stand in the reference."""
    return "\n".join((_HEAD, *_sections()))


def _sections() -> Iterator[str]:
    machines = (
        ("Order", draw(orders.MOVES, start=orders.START)),
        ("Attempt", draw(payments.MOVES, start=payments.START)),
        ("Refund", draw(refunds.MOVES, start=refunds.START)),
        ("Refund that is overdue, and an operator ends", draw(refunds.BY_HAND, start={})),
        ("Complaint", draw(complaints.MOVES, start=complaints.START)),
    )
    for name, drawing in machines:
        yield f"## {name}\n\n```mermaid\n{drawing}\n```\n"
