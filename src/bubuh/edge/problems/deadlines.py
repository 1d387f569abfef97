"""What is said when deadlines say no."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bubuh.core.errors import Refusal
from bubuh.deadlines import refusals as deadlines
from bubuh.edge.problems.problem import Problem
from bubuh.edge.words import Words

PROBLEMS: Final[Mapping[type[Refusal], Problem]] = {
    deadlines.DeadlineUnknown: Problem(
        status=404,
        title=Words("Tenggat tidak ada", "No such deadline"),
        detail=Words(
            "Tenggat ini tidak terdaftar, atau jalurnya sudah ditutup.",
            "This deadline is not registered, or its lane is closed.",
        ),
    ),
    deadlines.DeadlineTaken: Problem(
        status=409,
        title=Words("Nama jalur sudah dipakai", "The lane's name is taken"),
        detail=Words(
            "Jalur atau tenggat lain sudah memakai nama ini. Pilih nama lain.",
            "Another lane or deadline has this name. Choose another.",
        ),
    ),
    deadlines.DeadlineWrong: Problem(
        status=422,
        title=Words("Isian tenggat tidak dapat dipakai", "The deadline cannot be so"),
        detail=Words(
            "Perbaiki bagian {which}.",
            "Correct this part: {which}.",
        ),
        facts=("which",),
    ),
    deadlines.ListUnreadable: Problem(
        status=422,
        title=Words("Daftar tidak terbaca", "The list cannot be read"),
        detail=Words(
            "Baris {line} bukan SHA-256 dalam heksadesimal (64 huruf).",
            "Line {line} is no SHA-256 in hexadecimal (64 letters).",
        ),
        facts=("line",),
    ),
    deadlines.NotEligible: Problem(
        status=403,
        title=Words("Nomor tidak ada di daftar", "Not on the list"),
        detail=Words(
            "Nomor ini tidak ada di daftar instansi. Periksa penulisannya; bila memang peserta, hubungi "
            "instansinya. Jalur umum tetap terbuka bagi Anda.",
            "This number is not on the agency's list. Check how it is written; if you do take part, ask the "
            "agency. The lane for everybody stays open to you.",
        ),
    ),
    deadlines.NotDeclared: Problem(
        status=422,
        title=Words("Pernyataan belum dicentang", "Not declared yet"),
        detail=Words(
            "Centang pernyataan bahwa Anda berhak atas tenggat ini, atau pakai jalur umum.",
            "Tick that you are eligible for this deadline, or take the lane for everybody.",
        ),
    ),
    deadlines.EligibilityUsed: Problem(
        status=409,
        title=Words("Nomor ini sudah dipakai akun lain", "Another account used this number"),
        detail=Words(
            "Akun lain sudah mengambil tempat dengan nomor ini. Masuklah dengan akun itu; bila itu bukan "
            "Anda, hubungi instansinya.",
            "Another account took a place by this number. Sign in with that account; if it is not yours, "
            "tell the agency.",
        ),
    ),
    deadlines.OnlyPeople: Problem(
        status=403,
        title=Words("Hanya untuk akun pribadi", "For people's own accounts"),
        detail=Words(
            "Pilih akun pribadi Anda, lalu ambil nomor lagi.",
            "Choose your own account, then take the turn again.",
        ),
    ),
}
