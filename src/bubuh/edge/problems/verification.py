"""What is said of verifying."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bubuh.core.errors import Refusal
from bubuh.edge.problems.problem import Problem
from bubuh.edge.words import Words
from bubuh.verification import refusals as verification

PROBLEMS: Final[Mapping[type[Refusal], Problem]] = {
    verification.DigestMalformed: Problem(
        status=422,
        title=Words("Sidik tidak terbaca", "The digest cannot be read"),
        detail=Words(
            "Sidik terdiri atas 64 angka heksadesimal (SHA-256).", "A digest is 64 hex digits (SHA-256)."
        ),
    ),
}
