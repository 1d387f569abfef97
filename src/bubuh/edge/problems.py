"""The one table of problems: each Refusal's status, and its words in both languages.

Slices know no status codes and no Indonesian; this module knows no rules. A refusal without a row is answered
as `REFUSED`, and a test fails: it walks every Refusal there is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bubuh.core.errors import Refusal
from bubuh.core.ids import MalformedId
from bubuh.documents import refusals as documents
from bubuh.edge import refusals as edge
from bubuh.edge.words import Words
from bubuh.identity import refusals as identity
from bubuh.identity.people import refusals as people
from bubuh.orders import refusals as orders
from bubuh.payments import refusals as payments, settlement
from bubuh.pdf import refusals as pdf
from bubuh.quota import refusals as quota
from bubuh.refunds import refusals as refunds
from bubuh.sandbox import refusals as sandbox
from bubuh.stamping import refusals as stamping


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """How a refusal is told: status, title, what happened and what to do."""

    status: int
    title: Words
    detail: Words
    facts: tuple[str, ...] = ()  #: details of the refusal that its reader may see, also as `{name}` in words


NOT_FOUND: Final = Problem(
    status=404,
    title=Words("Tidak ditemukan", "Not found"),
    detail=Words(
        "Alamat atau nomor ini tidak ada, atau bukan milik Anda. Periksa kembali penulisannya.",
        "There is nothing at this address, or it is not yours. Check how it is written.",
    ),
)
REFUSED: Final = Problem(
    status=409,
    title=Words("Permintaan ditolak", "Refused"),
    detail=Words(
        "Permintaan ini tidak dapat dijalankan pada keadaan sekarang.",
        "This request cannot be carried out as things are.",
    ),
)
UNEXPECTED: Final = Problem(
    status=500,
    title=Words("Terjadi kesalahan di pihak kami", "Something went wrong on our side"),
    detail=Words(
        "Kesalahan ini tercatat. Coba lagi dengan Idempotency-Key yang sama; sebutkan request_id "
        "bila melapor.",
        "The error is recorded. Try again with the same Idempotency-Key; name the request_id "
        "when you report it.",
    ),
)
UNAVAILABLE: Final = Problem(
    status=503,
    title=Words("Layanan sedang tidak tersedia", "Temporarily unavailable"),
    detail=Words(
        "Sebagian layanan sedang terganggu. Yang sudah diterima tidak hilang. Coba lagi sebentar lagi "
        "dengan Idempotency-Key yang sama.",
        "Part of the service is disturbed. What was accepted is not lost. Try again shortly with the same "
        "Idempotency-Key.",
    ),
)
_DOCUMENT_REFUSED: Final = Problem(
    status=422,
    title=Words("Dokumen tidak dapat dibubuhi meterai", "The document cannot be stamped"),
    detail=Words(
        "Dokumen ini tidak dapat dibubuhi meterai. Simpan ulang sebagai PDF lalu unggah kembali.",
        "This document cannot be stamped. Save it again as a PDF and upload that.",
    ),  # `bubuh.edge.reasons` says more, by reason
    facts=("reason",),
)
_STAMPS_OUT_OF_RANGE: Final = Problem(
    status=422,
    title=Words("Jumlah meterai tidak sesuai", "That number of stamps cannot be asked for"),
    detail=Words("Sedikitnya 1 dan sebanyaknya {most} meterai.", "At least 1 and at most {most} stamps."),
    facts=("stamps", "most"),
)
_DOCUMENT_NOT_READY: Final = Problem(
    status=409,
    title=Words("Dokumen belum siap", "The document is not ready"),
    detail=Words(
        "Dokumen ini ditolak, belum selesai diterima, atau isinya telah dihapus. Unggah kembali.",
        "The document was refused, is not whole yet, or its bytes are gone. Upload it again.",
    ),
    facts=("state",),
)

PROBLEMS: Final[Mapping[type[Refusal], Problem]] = {
    Refusal: REFUSED,
    # ------------------------------------------------ what the edge refuses
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
    edge.FormExpired: Problem(
        status=403,
        title=Words("Halaman ini sudah usang", "This page is out of date"),
        detail=Words(
            "Formulir ini tidak berlaku lagi, misalnya karena Anda masuk atau keluar sesudah membukanya. "
            "Buka kembali halamannya, lalu kirim lagi. Belum ada yang dijalankan.",
            "This form is no longer good, perhaps because you signed in or out after it was opened. Open its "
            "page again and send it once more. Nothing was done.",
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
    # ------------------------------------------------ ids
    MalformedId: NOT_FOUND,
    # ------------------------------------------------ identity
    identity.KeyRefused: Problem(
        status=401,
        title=Words("Kunci tidak diterima", "The key is not accepted"),
        detail=Words(
            "Sertakan header Authorization: Bearer dengan kunci API yang masih berlaku di lingkungan ini.",
            "Send an Authorization: Bearer header with a living API key of this environment.",
        ),
    ),
    identity.ScopeMissing: Problem(
        status=403,
        title=Words("Kunci tidak mencakup panggilan ini", "The key does not cover this call"),
        detail=Words("Kunci ini memerlukan cakupan {scope}.", "The key would need the scope {scope}."),
        facts=("scope",),
    ),
    identity.NotAnOperator: Problem(
        status=403,
        title=Words("Hanya untuk petugas", "For operators only"),
        detail=Words("Tindakan ini memerlukan peran {role}.", "This act needs the role {role}."),
        facts=("role",),
    ),
    identity.AccountUnknown: NOT_FOUND,
    identity.KeyUnknown: NOT_FOUND,
    identity.ScopesEmpty: Problem(
        status=422,
        title=Words("Kunci tanpa cakupan", "A key without scopes"),
        detail=Words("Sebutkan sedikitnya satu cakupan.", "Name at least one scope."),
    ),
    identity.IdempotencyConflict: Problem(
        status=422,
        title=Words("Idempotency-Key sudah dipakai", "The Idempotency-Key was used before"),
        detail=Words(
            "Kunci ini sudah dipakai untuk permintaan dengan isi lain. Pakai kunci baru.",
            "This key stands for a request with another body. Use a new one.",
        ),
    ),
    # ------------------------------------------------ people who sign in
    people.SignInNeeded: Problem(
        status=401,
        title=Words("Silakan masuk", "Please sign in"),
        detail=Words(
            "Halaman ini hanya untuk yang sudah masuk.", "This page is for those who are signed in."
        ),
    ),
    people.ContactUnreadable: Problem(
        status=422,
        title=Words("Alamat tidak dikenali", "The address cannot be read"),
        detail=Words(
            "Tulis nomor HP seperti 0812 3456 7890, atau alamat surel seperti nama@contoh.id.",
            "Write a mobile number like 0812 3456 7890, or an e-mail address like name@example.id.",
        ),
    ),
    people.SignInRefused: Problem(
        status=422,
        title=Words("Tidak dapat masuk", "You cannot be signed in"),
        detail=Words(
            "Alamat atau kata sandi tidak cocok. Periksa keduanya, atau atur ulang kata sandi.",
            "The address or the password is not right. Check both, or set a new password.",
        ),
    ),
    people.NameUnfit: Problem(
        status=422,
        title=Words("Nama belum sesuai", "The name is not as it should be"),
        detail=Words("Tulis nama Anda, paling banyak 100 huruf.", "Write your name, in at most 100 letters."),
    ),
    people.PasswordUnfit: Problem(
        status=422,
        title=Words("Kata sandi terlalu mudah ditebak", "The password is too easy to guess"),
        detail=Words(
            "Pakai sedikitnya 8 huruf, dan bukan kata sandi yang umum. Beberapa kata sekaligus lebih baik.",
            "Use at least 8 letters, and no common password. Several words at once are better.",
        ),
    ),
    people.ContactTaken: Problem(
        status=409,
        title=Words("Alamat ini sudah terdaftar", "This address is registered"),
        detail=Words("Silakan masuk dengan alamat itu.", "Please sign in with it."),
    ),
    people.CodeRefused: Problem(
        status=422,
        title=Words("Kode tidak cocok", "The code is not right"),
        detail=Words(
            "Kode tidak cocok. Sisa percobaan: {tries_left}. Bila habis, minta kode baru.",
            "That is not the code. Tries left: {tries_left}. After that, ask for a new one.",
        ),
        facts=("tries_left",),
    ),
    people.ChallengeUnknown: Problem(
        status=410,
        title=Words("Waktu untuk langkah ini sudah habis", "The time for this step is over"),
        detail=Words(
            "Kode berlaku 10 menit, hanya sekali, dan hanya di peramban tempat Anda memintanya. "
            "Mulai lagi dari "
            "awal; belum ada yang berubah.",
            "A code is good for 10 minutes, once, and only in the browser where you asked for it. "
            "Begin again; "
            "nothing has changed.",
        ),
    ),
    people.PinUnfit: Problem(
        status=422,
        title=Words("PIN terlalu mudah ditebak", "The PIN is too easy to guess"),
        detail=Words(
            "PIN berisi 6 angka, bukan angka berurutan atau angka yang sama semua.",
            "A PIN is 6 digits, not in a row and not all the same.",
        ),
    ),
    people.PinUnset: Problem(
        status=409,
        title=Words("PIN belum dibuat", "There is no PIN yet"),
        detail=Words("Buat PIN dahulu di halaman akun.", "Choose a PIN on the account page first."),
    ),
    people.PinRefused: Problem(
        status=422,
        title=Words("PIN tidak cocok", "The PIN is not right"),
        detail=Words(
            "PIN tidak cocok. Sisa percobaan: {tries_left}.", "That is not the PIN. Tries left: {tries_left}."
        ),
        facts=("tries_left",),
    ),
    people.PinLocked: Problem(
        status=409,
        title=Words("PIN terkunci", "The PIN is locked"),
        detail=Words(
            "PIN salah lima kali. Buat PIN baru di halaman akun, dengan kode yang kami kirim.",
            "The PIN was wrong five times. Choose a new one on the account page, with a code that we send.",
        ),
    ),
    people.NikUnreadable: Problem(
        status=422,
        title=Words("NIK tidak dikenali", "The NIK cannot be read"),
        detail=Words(
            "NIK terdiri atas 16 angka seperti di KTP.", "A NIK is the 16 digits on the identity card."
        ),
    ),
    people.AccountNotEmpty: Problem(
        status=409,
        title=Words("Akun ini masih memiliki kuota", "The account still has quota"),
        detail=Words(
            "Masih ada {stamps} meterai di akun ini. Pakai, kirim ke akun lain, atau minta pengembalian dana "
            "lebih dahulu.",
            "There are still {stamps} stamps on it. Use them, send them to another account, or have "
            "them paid "
            "back first.",
        ),
        facts=("stamps",),
    ),
    # ------------------------------------------------ documents and places
    pdf.DocumentRefused: _DOCUMENT_REFUSED,
    sandbox.SandboxDied: _DOCUMENT_REFUSED,
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
    documents.DocumentUnknown: NOT_FOUND,
    documents.DocumentNotReady: _DOCUMENT_NOT_READY,
    documents.ContentUnseen: Problem(
        status=409,
        title=Words("Dokumen ini tidak pernah dikirim", "The document was never here"),
        detail=Words(
            "Hanya midstate dokumen ini yang dikirim, untuk satu meterai. Ambil inkremen meterainya "
            "(/increment) lalu tambahkan pada akhir berkas Anda; untuk meterai lain, buat permintaan baru.",
            "Only this document's midstate was sent, for one stamp. Fetch the stamp's /increment and append "
            "it to your file; for another stamp, make a new request.",
        ),
    ),
    documents.RevisionTaken: Problem(
        status=409,
        title=Words("Revisi sudah ada", "The revision exists"),
        detail=Words(
            "Revisi dokumen dengan nomor ini sudah tersimpan.", "A revision of this number is kept already."
        ),
        facts=("revision",),
    ),
    documents.DocumentEmpty: Problem(
        status=400,
        title=Words("Berkas kosong", "The file is empty"),
        detail=Words(
            "Berkas ini kosong. Pilih berkas yang benar lalu unggah kembali.",
            "The file is empty. Choose the right one and upload it.",
        ),
    ),
    documents.DocumentTruncated: Problem(
        status=400,
        title=Words("Berkas terpotong", "The file is cut off"),
        detail=Words(
            "Berkas ini terpotong. Unduh atau simpan ulang sampai selesai, lalu unggah kembali.",
            "The file is cut off. Download or save it again to its end, and upload that.",
        ),
    ),
    documents.NotAPdf: Problem(
        status=415,
        title=Words("Bukan PDF", "Not a PDF"),
        detail=Words(
            "Berkas ini bukan PDF. Simpan dokumen sebagai PDF, bukan hanya mengganti nama berkasnya.",
            "The file is not a PDF. Save the document as PDF; renaming a file does not make it one.",
        ),
    ),
    documents.DocumentTooLarge: Problem(
        status=413,
        title=Words("Berkas terlalu besar", "The file is too large"),
        detail=Words(
            "Paling besar {limit_bytes} bita (10 MiB). Kecilkan gambarnya atau bagi dokumennya.",
            "At most {limit_bytes} bytes (10 MiB). Shrink its pictures or split it.",
        ),
        facts=("limit_bytes",),
    ),
    # ------------------------------------------------ stamps
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
    # ------------------------------------------------ quota, orders, payments
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
    quota.StampsOutOfRange: _STAMPS_OUT_OF_RANGE,
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
    orders.StampsOutOfRange: _STAMPS_OUT_OF_RANGE,
    settlement.SettlementUnreadable: Problem(
        status=422,
        title=Words("Berkas tidak dapat dibaca", "The file cannot be read"),
        detail=Words(
            "Baris {line} dari {file} tidak dapat dibaca; yang diharapkan: {expected}.",
            "Line {line} of {file} cannot be read; expected: {expected}.",
        ),
        facts=("file", "line", "expected"),
    ),
    settlement.SettlementTooLong: Problem(
        status=422,
        title=Words("Berkas terlalu panjang", "The files are too long"),
        detail=Words(
            "Sebanyaknya {most} baris sekali jalan; cocokkan lebih sedikit berkas sekaligus.",
            "At most {most} lines at a time; match fewer files at once.",
        ),
        facts=("most",),
    ),
    orders.NoQrisCode: Problem(
        status=409,
        title=Words("Pesanan ini tidak punya kode QRIS", "The order has no QRIS code"),
        detail=Words(
            "Pesanan ini dibayar dengan cara lain, atau kodenya belum kami terima. Coba lagi sebentar lagi.",
            "The order is paid in another way, or its code has not reached us yet. Try again shortly.",
        ),
    ),
    orders.OrderUnknown: NOT_FOUND,
    payments.GatewayUnknown: NOT_FOUND,
    payments.MethodUnknown: Problem(
        status=422,
        title=Words("Cara bayar belum tersedia", "This way to pay is not offered"),
        detail=Words("Pilih cara bayar yang lain.", "Choose another way to pay."),
    ),
    refunds.RefundUnknown: NOT_FOUND,
    refunds.RefundUnexplained: Problem(
        status=422,
        title=Words("Alasan belum disebutkan", "A reason is missing"),
        detail=Words(
            "Sebutkan alasannya, paling banyak {most} huruf.", "Say why, in at most {most} letters."
        ),
        facts=("most",),
    ),
    refunds.OrderNotFilled: Problem(
        status=409,
        title=Words("Pesanan belum terisi", "The order gave no stamps"),
        detail=Words(
            "Tidak ada meterai yang dapat dikembalikan. Uang yang masuk kembali dengan sendirinya.",
            "There is nothing to give back. Money that came for it goes back by itself.",
        ),
    ),
    refunds.RefundableMoved: Problem(
        status=409,
        title=Words("Sisa yang dapat dikembalikan sudah berubah", "What may go back has changed"),
        detail=Words(
            "Yang masih dapat dikembalikan Rp{refundable_idr}. Lihat pesanan, lalu ulangi.",
            "Rp{refundable_idr} may still go back. Look at the order, and repeat with that amount.",
        ),
        facts=("refundable_idr",),
    ),
    refunds.RefundTooLarge: Problem(
        status=422,
        title=Words("Pengembalian terlalu besar", "The refund is too large"),
        detail=Words(
            "Sekali minta paling banyak Rp{most_idr}: uang kembali ke pembayaran asalnya.",
            "At most Rp{most_idr} at once: money goes back to the payment that it came by.",
        ),
        facts=("most_idr",),
    ),
    refunds.SamePerson: Problem(
        status=409,
        title=Words("Perlu orang kedua", "A second person is needed"),
        detail=Words(
            "Pengembalian di atas batas disetujui oleh orang lain.",
            "A refund above the limit is agreed to by somebody else.",
        ),
    ),
    refunds.RefundNotWaiting: Problem(
        status=409,
        title=Words("Pengembalian tidak menunggu persetujuan", "The refund waits for nobody"),
        detail=Words(
            "Keputusan sudah diambil, atau tidak diperlukan.", "It was decided, or needs no consent."
        ),
    ),
    payments.LineUnknown: NOT_FOUND,
    payments.LineResolved: Problem(
        status=409,
        title=Words("Baris sudah diselesaikan", "The line is resolved already"),
        detail=Words("Baris ini sudah diselesaikan sebelumnya.", "This line was resolved before."),
    ),
    payments.ResolutionUnexplained: Problem(
        status=422,
        title=Words("Alasan belum disebutkan", "A reason is missing"),
        detail=Words(
            "Sebutkan alasannya, paling banyak {most} huruf.", "Say why, in at most {most} letters."
        ),
        facts=("most",),
    ),
    payments.NoticeForged: Problem(
        status=401,
        title=Words("Notifikasi tidak sah", "The notice is not genuine"),
        detail=Words("Tanda tangan notifikasi tidak cocok.", "The notice's signature does not fit."),
    ),
    payments.NoticeTooLarge: Problem(
        status=413,
        title=Words("Notifikasi terlalu besar", "The notice is too large"),
        detail=Words("Paling besar {most_bytes} bita.", "At most {most_bytes} bytes."),
        facts=("most_bytes",),
    ),
}


def problem_of(kind: type[Refusal]) -> Problem:
    """The row of `kind`, or of the nearest kind it is one of."""
    return next(PROBLEMS[parent] for parent in kind.__mro__ if parent in PROBLEMS)
