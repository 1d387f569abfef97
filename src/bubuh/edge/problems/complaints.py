"""What is said of complaints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bubuh.complaints import refusals as complaints
from bubuh.core.errors import Refusal
from bubuh.edge.problems.problem import NOT_FOUND, Problem
from bubuh.edge.words import Words

PROBLEMS: Final[Mapping[type[Refusal], Problem]] = {
    complaints.ComplaintUnknown: NOT_FOUND,
    complaints.ComplaintUnexplained: Problem(
        status=422,
        title=Words("Keterangan belum ditulis", "Nothing is said"),
        detail=Words(
            "Tulis apa yang terjadi, paling banyak {most} huruf.",
            "Say what happened, in at most {most} letters.",
        ),
        facts=("most",),
    ),
    complaints.TooManyComplaints: Problem(
        status=409,
        title=Words("Pengaduan masih menunggu jawaban", "Complaints wait for an answer"),
        detail=Words(
            "Akun ini memiliki {most} pengaduan yang belum dijawab. Tunggu jawabannya dahulu.",
            "This account has {most} complaints without an answer. Wait for those first.",
        ),
        facts=("most",),
    ),
    complaints.ComplaintAnswered: Problem(
        status=409,
        title=Words("Pengaduan tidak menunggu jawaban", "The complaint waits for no answer"),
        detail=Words(
            "Satu pengaduan dijawab satu kali; yang pemiliknya sudah dilupakan tidak dijawab lagi.",
            "A complaint is answered once; one whose people were forgotten is not answered any more.",
        ),
    ),
}
