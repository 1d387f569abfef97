"""What is said of quota, transfers and shares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bubuh.core.errors import Refusal
from bubuh.edge.problems.problem import NOT_FOUND, Problem
from bubuh.edge.words import Words
from bubuh.quota import refusals as quota

STAMPS_OUT_OF_RANGE: Final = Problem(
    status=422,
    title=Words("Jumlah meterai tidak sesuai", "That number of stamps cannot be asked for"),
    detail=Words("Sedikitnya 1 dan sebanyaknya {most} meterai.", "At least 1 and at most {most} stamps."),
    facts=("stamps", "most"),
)
PROBLEMS: Final[Mapping[type[Refusal], Problem]] = {
    quota.QuotaExhausted: Problem(
        status=409,
        title=Words("Kuota meterai tidak mencukupi", "Not enough quota"),
        detail=Words(
            "Kuota bebas Anda {free}, yang diperlukan {wanted}. Beli meterai lalu ulangi permintaan ini.",
            "You have {free} free stamps and need {wanted}. Buy stamps and repeat this request.",
        ),
        facts=("free", "wanted"),
    ),
    quota.AccountFrozen: Problem(
        status=409,
        title=Words("Akun dibekukan sementara", "The account is frozen"),
        detail=Words(
            "Pembukuan akun ini sedang diperiksa petugas. Kuota Anda tidak hilang; coba lagi nanti.",
            "An operator is looking at this account's books. Your quota is safe; try again later.",
        ),
    ),
    quota.ReasonMissing: Problem(
        status=422,
        title=Words("Alasan belum ditulis", "No reason was given"),
        detail=Words(
            "Tulis alasan tindakan ini, paling banyak {most} huruf.",
            "Say why this is done, in at most {most} letters.",
        ),
        facts=("most",),
    ),
    quota.HoldUnknown: NOT_FOUND,
    quota.HoldEnded: Problem(
        status=409,
        title=Words("Penahanan kuota sudah berakhir", "The hold has ended"),
        detail=Words("Kuota ini sudah dipakai atau dikembalikan.", "It was captured or released before."),
        facts=("state",),
    ),
    quota.StampsOutOfRange: STAMPS_OUT_OF_RANGE,
    quota.TransferUnknown: NOT_FOUND,
    quota.ReceiverUnknown: Problem(
        status=422,
        title=Words("Akun tujuan tidak ditemukan", "There is no such receiver"),
        detail=Words("Periksa kembali nomor akun tujuan.", "Check the id of the account to transfer to."),
    ),
    quota.SameAccount: Problem(
        status=422,
        title=Words("Akun asal dan tujuan sama", "One account on both sides"),
        detail=Words("Pilih akun tujuan yang lain.", "Name another account to transfer to."),
    ),
    quota.ChildAccount: Problem(
        status=409,
        title=Words("Akun ini memakai kuota akun induknya", "The account uses its parent's quota"),
        detail=Words(
            "Membeli, menerima, memindahkan, dan membagi kuota dilakukan oleh akun induk.",
            "Buying, receiving, giving and sharing quota is done by the parent account.",
        ),
    ),
    quota.ShareUnknown: NOT_FOUND,
    quota.LimitTooLow: Problem(
        status=409,
        title=Words("Batas di bawah yang sudah terhitung", "The limit is below what counts already"),
        detail=Words(
            "Akun anak sudah menahan dan memakai {counted} meterai. Tetapkan batas paling sedikit sebesar "
            "itu, atau tutup pembagian ini.",
            "The child account holds and has used {counted} stamps. Set a limit of at least that, or close "
            "the share.",
        ),
        facts=("counted",),
    ),
    quota.LimitOutOfRange: Problem(
        status=422,
        title=Words("Batas di luar rentang", "The limit is out of range"),
        detail=Words("Tetapkan batas dari 0 sampai {most}.", "Set a limit from 0 to {most}."),
        facts=("most",),
    ),
    quota.NameOutOfRange: Problem(
        status=422,
        title=Words("Nama tidak dapat dipakai", "The name cannot be used"),
        detail=Words(
            "Tulis nama dengan 1 sampai {most} huruf yang dapat dicetak.",
            "Write a name of 1 to {most} printable letters.",
        ),
        facts=("most",),
    ),
}
