"""What the edge refuses before any slice is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bubuh.core.errors import Refusal
from bubuh.edge import refusals as edge
from bubuh.edge.problems.problem import NOT_FOUND, Problem
from bubuh.edge.words import Words

PROBLEMS: Final[Mapping[type[Refusal], Problem]] = {
    edge.RouteUnknown: NOT_FOUND,
    edge.MethodNotAllowed: Problem(
        status=405,
        title=Words("Metode tidak dilayani", "Method not allowed"),
        detail=Words(
            "Alamat ini tidak melayani metode tersebut; lihat header Allow.",
            "This address does not take that method; see the Allow header.",
        ),
    ),
    edge.Unacceptable: Problem(
        status=400,
        title=Words("Permintaan tidak dapat dibaca", "The request cannot be read"),
        detail=Words("Permintaan HTTP ini tidak sesuai.", "This HTTP request is not well formed."),
    ),
    edge.InvalidRequest: Problem(
        status=422,
        title=Words("Isian tidak sesuai", "The request is not valid"),
        detail=Words(
            "Isian yang disebut pada `pointer` tidak sesuai: {expected}.",
            "The member named by `pointer` is not as it should be: {expected}.",
        ),
        facts=("expected",),
    ),
    edge.UnreadableRequest: Problem(
        status=400,
        title=Words("Permintaan tidak dapat dibaca", "The request cannot be read"),
        detail=Words("Permintaan tidak dapat dibaca: {expected}.", "The request cannot be read: {expected}."),
        facts=("expected", "parameter"),
    ),
    edge.IdempotencyKeyRequired: Problem(
        status=400,
        title=Words("Idempotency-Key wajib disertakan", "Idempotency-Key is required"),
        detail=Words(
            "Sertakan header Idempotency-Key: 1 sampai {longest} karakter ASCII tanpa spasi, baru untuk "
            "setiap permintaan baru, sama untuk pengulangannya.",
            "Send an Idempotency-Key header: 1 to {longest} visible ASCII characters, a new one for each new "
            "request, the same one for its repetition.",
        ),
        facts=("longest",),
    ),
    edge.RateLimited: Problem(
        status=429,
        title=Words("Terlalu banyak permintaan", "Too many requests"),
        detail=Words(
            "Coba lagi dalam {retry_after_s} detik.",
            "Try again in {retry_after_s} seconds.",
        ),
        facts=("retry_after_s",),
    ),
    edge.BodyTooLarge: Problem(
        status=413,
        title=Words("Isi permintaan terlalu besar", "The body is too large"),
        detail=Words("Paling besar {limit_bytes} bita.", "At most {limit_bytes} bytes."),
        facts=("limit_bytes",),
    ),
    edge.BodyTooSlow: Problem(
        status=408,
        title=Words("Kiriman terhenti", "The body stopped arriving"),
        detail=Words(
            "Kiriman terhenti terlalu lama. Periksa jaringan lalu kirim ulang dengan Idempotency-Key "
            "yang sama.",
            "Nothing arrived for too long. Check the network and send again with the same Idempotency-Key.",
        ),
    ),
    edge.ClientGone: Problem(
        status=400,
        title=Words("Kiriman terputus", "The body was cut off"),
        detail=Words("Kiriman terputus sebelum selesai.", "The connection ended before the body did."),
    ),
    edge.MediaTypeUnsupported: Problem(
        status=415,
        title=Words("Jenis isi tidak dikenal", "Unsupported media type"),
        detail=Words(
            "Kirim isi dengan Content-Type {expected}.",
            "Send the body with Content-Type {expected}.",
        ),
        facts=("expected",),
    ),
    edge.BuyingPaused: Problem(
        status=503,
        title=Words("Pembelian dihentikan sementara", "Buying is paused"),
        detail=Words(
            "Layanan sangat ramai. Pembubuhan, pesanan yang sudah dibuat, dan pemeriksaan tetap berjalan; "
            "kuota yang sudah dibayar tidak hilang. Coba membeli lagi dalam {retry_after_s} detik.",
            "The service is very busy. Stamping, orders already placed and verification go on; quota that "
            "was paid for is not lost. Try to buy again in {retry_after_s} seconds.",
        ),
        facts=("retry_after_s",),
    ),
    edge.LeftOff: Problem(
        status=503,
        title=Words("Bagian ini diistirahatkan sementara", "This part rests for a while"),
        detail=Words(
            "Layanan sangat ramai, dan yang lebih mendesak didahulukan. Tidak ada yang hilang. Coba lagi "
            "dalam {retry_after_s} detik; keadaan layanan ada di halaman status.",
            "The service is very busy, and what is more urgent goes first. Nothing is lost. Try again in "
            "{retry_after_s} seconds; the status page tells how the service is.",
        ),
        facts=("level", "retry_after_s"),
    ),
    edge.FormExpired: Problem(
        status=403,
        title=Words("Halaman ini sudah usang", "This page is out of date"),
        detail=Words(
            "Formulir ini tidak berlaku lagi, misalnya karena Anda masuk, keluar, atau berganti "
            "akun sesudah membukanya. Buka kembali halamannya, lalu kirim lagi. Belum ada yang dijalankan.",
            "This form is no longer good, perhaps because you signed in or out, or changed the account, "
            "after it was opened. Open its page again and send it once more. Nothing was done.",
        ),
    ),
    edge.ForeignOrigin: Problem(
        status=403,
        title=Words("Kiriman dari situs lain ditolak", "Sent by another site, and refused"),
        detail=Words(
            "Permintaan ini datang dari halaman situs lain. Buka situs ini sendiri, lalu ulangi di sini.",
            "This request came from another site's page. Open this site itself and repeat it here.",
        ),
    ),
    edge.TusVersion: Problem(
        status=412,
        title=Words("Versi tus tidak dikenal", "Unknown version of tus"),
        detail=Words("Kirim header Tus-Resumable: {version}.", "Send the header Tus-Resumable: {version}."),
        facts=("version",),
    ),
}
