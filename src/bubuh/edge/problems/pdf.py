"""What is said of documents that the engine refuses, and of faces that do not fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bubuh.core.errors import Refusal
from bubuh.edge.problems.problem import NOT_FOUND, Problem
from bubuh.edge.words import Words
from bubuh.pdf import refusals as pdf

DOCUMENT_REFUSED: Final = Problem(
    status=422,
    title=Words("Dokumen tidak dapat dibubuhi meterai", "The document cannot be stamped"),
    detail=Words(
        "Dokumen ini tidak dapat dibubuhi meterai. Simpan ulang sebagai PDF lalu unggah kembali.",
        "This document cannot be stamped. Save it again as a PDF and upload that.",
    ),  # `bubuh.edge.reasons` says more, by reason
    facts=("reason",),
)
PROBLEMS: Final[Mapping[type[Refusal], Problem]] = {
    pdf.DocumentRefused: DOCUMENT_REFUSED,
    pdf.PageOutOfRange: Problem(
        status=422,
        title=Words("Halaman tidak ada", "No such page"),
        detail=Words(
            "Halaman {page} tidak ada; dokumen ini memiliki {pages} halaman.",
            "There is no page {page}; the document has {pages}.",
        ),
        facts=("page", "pages"),
    ),
    pdf.FaceSize: Problem(
        status=422,
        title=Words("Ukuran meterai tidak sesuai", "The face has the wrong size"),
        detail=Words(
            "Lebar meterai {least} sampai {most} pt; yang diminta {width} pt.",
            "A face is {least} to {most} pt wide; {width} pt was asked for.",
        ),
        facts=("width", "least", "most"),
    ),
    pdf.OutsidePage: Problem(
        status=422,
        title=Words("Meterai keluar dari halaman", "The face lies outside the page"),
        detail=Words(
            "Halaman ini {page_width} x {page_height} pt; geser meterai ke dalamnya.",
            "The page is {page_width} x {page_height} pt; move the face inside.",
        ),
        facts=("x", "y", "width", "page_width", "page_height"),
    ),
    pdf.MidstateUnsupported: Problem(
        status=422,
        title=Words("Dokumen perlu diunggah", "The document must be uploaded"),
        detail=Words(
            "Dokumen ini tidak dapat dibubuhi meterai tanpa diunggah ({reason}). Unggah dokumennya.",
            "This document cannot be stamped without being uploaded ({reason}). Upload it.",
        ),
        facts=("reason",),
    ),
    pdf.SerialMalformed: NOT_FOUND,
}
