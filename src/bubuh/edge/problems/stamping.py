"""What is said of stamps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bubuh.core.errors import Refusal
from bubuh.edge.problems.problem import NOT_FOUND, Problem
from bubuh.edge.words import Words
from bubuh.stamping import refusals as stamping

PROBLEMS: Final[Mapping[type[Refusal], Problem]] = {
    stamping.StampUnknown: NOT_FOUND,
    stamping.SerialUnknown: NOT_FOUND,
    stamping.StampNotCancellable: Problem(
        status=409,
        title=Words("Pembubuhan tidak dapat dibatalkan lagi", "The stamp can no longer be cancelled"),
        detail=Words(
            "Hanya yang masih Diterima dapat dibatalkan; yang ini sudah dikerjakan atau selesai.",
            "Only an accepted stamp can be cancelled; work on this one has begun or has ended.",
        ),
    ),
    stamping.StampNotReady: Problem(
        status=409,
        title=Words("Dokumen bermeterai belum ada", "The stamped document does not exist yet"),
        detail=Words(
            "Tunggu sampai keadaannya affixed. Bila returned, kuota telah dikembalikan dan dokumen tidak "
            "dibuat.",
            "Wait until its state is affixed. If it is returned, the quota is back and there is no document.",
        ),
        facts=("state",),
    ),
}
