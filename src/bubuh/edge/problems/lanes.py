"""What is said when lanes for named accounts say no."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bubuh.core.errors import Refusal
from bubuh.edge.problems.problem import NOT_FOUND, Problem
from bubuh.edge.words import Words
from bubuh.lanes import refusals as lanes

PROBLEMS: Final[Mapping[type[Refusal], Problem]] = {
    lanes.LaneTaken: Problem(
        status=409,
        title=Words("Nama jalur sudah dipakai", "The lane's name is taken"),
        detail=Words(
            "Jalur atau tenggat lain memakai nama ini, atau pernah. Pilih nama lain.",
            "Another lane or a deadline has this name, or had it. Choose another.",
        ),
    ),
    lanes.LaneWrong: Problem(
        status=422,
        title=Words("Jalur tidak dapat dibuat begitu", "The lane cannot be so"),
        detail=Words("Perbaiki bagian {which}.", "Correct this part: {which}."),
        facts=("which",),
    ),
    lanes.LaneNotOpen: Problem(
        status=404,
        title=Words("Jalur tidak terbuka", "No such lane is open"),
        detail=Words(
            "Tidak ada jalur pelanggan atau mitra dengan nama ini yang terbuka. Lihat `bubuh room lane "
            "list`.",
            "No lane of customers or partners is open under this name. See `bubuh room lane list`.",
        ),
    ),
    lanes.AccountNotThere: Problem(
        status=404,
        title=Words("Akun tidak ada", "No such account"),
        detail=Words("Tidak ada akun {account}.", "There is no account {account}."),
        facts=("account",),
    ),
    lanes.NotNamed: Problem(
        status=403,
        title=Words("Jalur ini untuk pelanggan tertentu", "The lane is for named customers"),
        detail=Words(
            "Akun ini tidak terdaftar di jalur ini. Pakai jalur umum, atau tanyakan kepada operator layanan.",
            "This account is not named in this lane. Use the lane for everybody, or ask the operator.",
        ),
    ),
    lanes.TurnUnknown: NOT_FOUND,
}
