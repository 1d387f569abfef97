"""The one table of problems: each Refusal's status, and its words in both languages; a file a slice.

Slices know no status codes and no Indonesian; this package knows no rules. A refusal without a row is
answered as `REFUSED`, and a test fails: it walks every Refusal there is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bubuh.core.errors import Refusal
from bubuh.core.ids import MalformedId
from bubuh.edge.problems import (
    complaints,
    deadlines,
    documents,
    edge,
    identity,
    lanes,
    orders,
    outages,
    payments,
    pdf,
    quota,
    refunds,
    sandbox,
    stamping,
    verification,
    waitingroom,
    webhooks,
)
from bubuh.edge.problems.problem import NOT_FOUND, REFUSED, UNAVAILABLE, UNEXPECTED, Problem

__all__ = ["NOT_FOUND", "PROBLEMS", "REFUSED", "SLICES", "UNAVAILABLE", "UNEXPECTED", "Problem", "problem_of"]

#: Whose refusals which file tells.
SLICES: Final[Mapping[str, Mapping[type[Refusal], Problem]]] = {
    "complaints": complaints.PROBLEMS,
    "deadlines": deadlines.PROBLEMS,
    "documents": documents.PROBLEMS,
    "edge": edge.PROBLEMS,
    "identity": identity.PROBLEMS,
    "lanes": lanes.PROBLEMS,
    "orders": orders.PROBLEMS,
    "outages": outages.PROBLEMS,
    "payments": payments.PROBLEMS,
    "pdf": pdf.PROBLEMS,
    "quota": quota.PROBLEMS,
    "refunds": refunds.PROBLEMS,
    "sandbox": sandbox.PROBLEMS,
    "stamping": stamping.PROBLEMS,
    "waitingroom": waitingroom.PROBLEMS,
    "verification": verification.PROBLEMS,
    "webhooks": webhooks.PROBLEMS,
}
PROBLEMS: Final[Mapping[type[Refusal], Problem]] = {
    Refusal: REFUSED,
    MalformedId: NOT_FOUND,
    **{kind: problem for rows in SLICES.values() for kind, problem in rows.items()},
}


def problem_of(kind: type[Refusal]) -> Problem:
    """The row of `kind`, or of the nearest kind it is one of."""
    return next(PROBLEMS[parent] for parent in kind.__mro__ if parent in PROBLEMS)
