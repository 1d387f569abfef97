"""What is said of outages, to the operators who declare them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bubuh.core.errors import Refusal
from bubuh.edge.problems.problem import NOT_FOUND, Problem
from bubuh.edge.words import Words
from bubuh.outages import refusals as outages

PROBLEMS: Final[Mapping[type[Refusal], Problem]] = {
    outages.OutageUnknown: NOT_FOUND,
    outages.OutageOver: Problem(
        status=409,
        title=Words("Gangguan sudah ditutup", "The outage is closed"),
        detail=Words(
            "Gangguan yang baru dinyatakan sebagai gangguan baru.",
            "What fails again is declared as another outage.",
        ),
    ),
    outages.OutageUnexplained: Problem(
        status=422,
        title=Words("Keterangan belum lengkap", "An explanation is missing"),
        detail=Words(
            "Tulis keterangan dalam dua bahasa, masing-masing paling banyak {most} huruf.",
            "Explain it in both languages, in at most {most} letters each.",
        ),
        facts=("most",),
    ),
    outages.OutageTimesWrong: Problem(
        status=422,
        title=Words("Waktu tidak mungkin", "A time cannot be"),
        detail=Words(
            "Mulai dan selesai tidak di masa depan, selesai sesudah mulai, kabar berikutnya nanti.",
            "It began and ended in the past, ended after it began, and more is promised for the future.",
        ),
        facts=("which",),
    ),
}
