"""What is said when the waiting room says no."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bubuh.core.errors import Refusal
from bubuh.edge.problems.problem import Problem
from bubuh.edge.words import Words
from bubuh.waitingroom import refusals as waitingroom
from bubuh.waitingroom.draw import FalseReveal
from bubuh.waitingroom.keyring import RingFull
from bubuh.waitingroom.published import NoLog
from bubuh.waitingroom.work import WorkNeeded

PROBLEMS: Final[Mapping[type[Refusal], Problem]] = {
    waitingroom.TurnRefused: Problem(
        status=403,
        title=Words("Nomor antrean tidak dikenal", "Not one of our turns"),
        detail=Words(
            "Nomor antrean atau kode ini bukan dari layanan ini, salah ketik, atau lewat 72 jam. Periksa "
            "penulisannya, atau ambil nomor baru.",
            "This turn or code is not one of ours, is mistyped, or is older than 72 hours. Check how it is "
            "written, or take a new one.",
        ),
    ),
    waitingroom.TurnForeign: Problem(
        status=403,
        title=Words("Nomor antrean milik akun lain", "Another account's turn"),
        detail=Words(
            "Masuklah dengan akun, atau dari peramban, yang mengambil nomor ini.",
            "Sign in with the account that took this turn, or enter from the browser that did.",
        ),
    ),
    waitingroom.ProofNeeded: Problem(
        status=403,
        title=Words("Masuk dari peramban yang mengambil nomor", "Enter from the browser that took the turn"),
        detail=Words(
            "Nomor ini milik peramban yang mengambilnya sebelum masuk akun. Buka halaman antrean di peramban "
            "itu, lalu tekan Masuk sekarang.",
            "This turn belongs to the browser that took it before signing in. Open the waiting page there, "
            "and press Masuk sekarang.",
        ),
    ),
    WorkNeeded: Problem(
        status=429,
        title=Words("Sangat banyak yang mengambil nomor", "Very many join"),
        detail=Words(
            "Mengambil nomor sekarang perlu hitungan kecil yang dikerjakan halaman antrean. Muat ulang "
            "halaman itu, atau masuk akun dahulu.",
            "A join now costs a small computation, which the waiting page does. Load that again, or sign in "
            "first.",
        ),
        facts=("work",),
    ),
    RingFull: Problem(
        status=409,
        title=Words("Kunci antrean sudah 64", "The ring of keys is full"),
        detail=Words(
            "Nomor dengan kunci tertua masih bisa ditunjukkan. Ganti kunci lagi setelah 31 hari.",
            "Turns marked with the oldest key may still be shown. Rotate again once it is 31 days old.",
        ),
    ),
    waitingroom.TurnOver: Problem(
        status=409,
        title=Words("Giliran Anda sudah lewat", "Your turn is over"),
        detail=Words(
            "Nomor ini sudah dipanggil dan waktu masuknya habis, juga waktu susulannya. Ambil nomor baru; "
            "kuota yang sudah dibayar tidak hilang.",
            "This number was called, and the time to enter is over, the late one too. Take a new turn; quota "
            "that was paid for is not lost.",
        ),
    ),
    waitingroom.TurnUsed: Problem(
        status=409,
        title=Words("Nomor antrean sudah dipakai", "The turn was used"),
        detail=Words(
            "Nomor ini sudah dipakai untuk masuk. Ambil nomor baru untuk masuk lagi.",
            "Somebody entered with this turn. Take a new one to enter again.",
        ),
    ),
    waitingroom.LaneUnknown: Problem(
        status=404,
        title=Words("Jalur antrean tidak ada", "No such lane"),
        detail=Words(
            "Jalur ini tidak ada atau sudah ditutup.",
            "There is no such lane, or it is closed.",
        ),
    ),
    waitingroom.NowTooLong: Problem(
        status=409,
        title=Words("now.json akan terlalu panjang", "now.json would be too long"),
        detail=Words(
            "Berkas yang diambil semua yang menunggu dapat menjadi {size_bytes} bita; paling banyak "
            "{most_bytes}. Pendekkan nama jalur, tutup jalur yang tidak dipakai, atau undi lebih sedikit.",
            "The file that all who wait fetch could come to {size_bytes} bytes; {most_bytes} at most. "
            "Shorten the lane's name, close lanes that are done, or draw fewer lanes.",
        ),
        facts=("size_bytes", "most_bytes"),
    ),
    waitingroom.LanesSpent: Problem(
        status=409,
        title=Words("Jalur khusus habis", "No reserved lane is left"),
        detail=Words(
            "Paling banyak tiga jalur khusus (tenggat, pelanggan, mitra) terbuka sekaligus; selama umur "
            "kunci antrean 44 tenggat dan 15 jalur pelanggan atau mitra. Tutup yang tidak dipakai lagi.",
            "Three reserved lanes (deadlines, customers, partners) are open at once at most; in the life of "
            "the turn keys 44 deadlines and 15 lanes of customers or partners. Close those that are done.",
        ),
    ),
    waitingroom.TurnTooNew: Problem(
        status=409,
        title=Words("Nomor ini baru saja diambil", "The turn was taken just now"),
        detail=Words(
            "Catatan antrean ditulis tiap menit. Coba lagi sebentar lagi.",
            "What becomes of turns is written down each minute. Try again shortly.",
        ),
    ),
    waitingroom.LaneReserved: Problem(
        status=403,
        title=Words("Jalur ini khusus", "A reserved lane"),
        detail=Words(
            "Nomor di jalur ini diambil dari halamannya sendiri, setelah masuk dengan akun Anda.",
            "Turns of this lane are taken from its own page, once you have signed in.",
        ),
    ),
    waitingroom.NotYet: Problem(
        status=409,
        title=Words("Belum giliran Anda", "Not your turn yet"),
        detail=Words(
            "Di depan Anda {ahead} nomor. Bila sudah dipanggil, tempat segera ada: coba lagi dalam "
            "{retry_after_s} detik. Nomor Anda tetap berlaku.",
            "{ahead} numbers are before yours. Once it is called there is a place soon: try again in "
            "{retry_after_s} seconds. Your turn stays good.",
        ),
        facts=("ahead", "retry_after_s"),
    ),
    waitingroom.NotDrawn: Problem(
        status=409,
        title=Words("Urutan belum diundi", "The order is not drawn yet"),
        detail=Words(
            "Nomor ini ikut undian pembukaan. Setelah diundi, halaman antrean menunjukkan tempat Anda; nomor "
            "Anda tetap berlaku.",
            "This turn takes part in the draw of the opening. Once it is drawn the waiting page shows your "
            "place; your turn stays good.",
        ),
    ),
    waitingroom.PassNeeded: Problem(
        status=429,
        title=Words("Sedang ada antrean", "There is a queue now"),
        detail=Words(
            "Sekarang pembelian dan pembubuhan berjalan lewat antrean. Ambil nomor di /antre; program lewat "
            "POST /v1/turns, lalu POST /v1/passes, dan tanda masuknya di header Bubuh-Pass. Kuota yang sudah "
            "dibayar tidak akan hilang.",
            "Buying and stamping go through a queue now. Take a turn at /antre; a program does so by POST "
            "/v1/turns, then POST /v1/passes, and sends its pass in the header Bubuh-Pass. Quota that was "
            "paid for is not lost.",
        ),
        facts=("join", "header", "retry_after_s"),
    ),
    waitingroom.RepairFull: Problem(
        status=429,
        title=Words("Banyak yang kembali bersamaan", "Many are coming back at once"),
        detail=Words(
            "Yang pesanan atau meterainya sedang berjalan masuk tanpa antre, tetapi bertahap. Coba lagi "
            "dalam {retry_after_s} detik; tidak ada yang hilang.",
            "Whoever has an order or a stamp under way comes in without queueing, but not all at once. Try "
            "again in {retry_after_s} seconds; nothing is lost.",
        ),
        facts=("retry_after_s",),
    ),
    FalseReveal: Problem(
        status=422,
        title=Words("Bukan rahasia yang dijanjikan", "Not the secret that was committed to"),
        detail=Words(
            "Rahasia ini tidak cocok dengan komitmen yang diumumkan. Pakai berkas rahasia dari pengumuman "
            "itu.",
            "This secret does not fit the commitment that was published. Use the file that was kept then.",
        ),
    ),
    NoLog: Problem(
        status=422,
        title=Words("Bukan log antrean", "Not a log of turns"),
        detail=Words(
            "Ini bukan berkas yang ditulis `bubuh turn publish`, atau berkasnya terpotong. Ambil lagi dari "
            "tempat ia diterbitkan.",
            "This is no file that `bubuh turn publish` wrote, or it was cut off. Fetch it again from where "
            "it was published.",
        ),
    ),
}
