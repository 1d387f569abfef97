"""What the status page says, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bubuh.edge.words import Words
from bubuh.outages.model import Function
from bubuh.status.model import LOW_STAMPS, Reason, State, Stock

FUNCTIONS: Final[Mapping[Function, Words]] = {
    Function.BUY: Words("Membeli kuota", "Buying quota"),
    Function.PAY: Words("Membayar", "Paying"),
    Function.STAMP: Words("Membubuhkan meterai", "Affixing stamps"),
    Function.VERIFY: Words("Memeriksa dokumen", "Verifying documents"),
    Function.QUEUE: Words("Antrean", "The queue"),
}
STATES: Final[Mapping[State, Words]] = {
    State.OK: Words("Normal", "Normal"),
    State.UNKNOWN: Words("Tidak terukur", "Not measured"),
    State.SLOW: Words("Lambat", "Slow"),
    State.FAILING: Words("Terganggu", "Disrupted"),
    State.DOWN: Words("Berhenti", "Down"),
}
OVERALL: Final[Mapping[State, Words]] = {
    State.OK: Words("Semua berjalan normal", "Everything works"),
    State.UNKNOWN: Words("Sebagian tidak dapat diukur", "Something could not be measured"),
    State.SLOW: Words("Berjalan, tetapi lambat", "Working, but slow"),
    State.FAILING: Words("Sebagian terganggu", "Partly disrupted"),
    State.DOWN: Words("Ada yang berhenti", "Something is down"),
}
REASONS: Final[Mapping[Reason, Words]] = {
    Reason.NO_ANSWER: Words("Situs tidak menjawab.", "The site does not answer."),
    Reason.DATABASE: Words("Basis data tidak menjawab.", "The database does not answer."),
    Reason.SIGNER: Words(
        "Penyegel tidak menjawab. Yang sudah diterima menunggu dan tidak hilang.",
        "The signer does not answer. What was accepted waits and is not lost.",
    ),
    Reason.WORKER: Words(
        "Pekerja tidak menjawab. Yang sudah diterima menunggu dan tidak hilang.",
        "The worker does not answer. What was accepted waits and is not lost.",
    ),
    Reason.ERRORS: Words(
        "Sebagian permintaan gagal dalam lima menit terakhir.",
        "Some requests failed within the last five minutes.",
    ),
    Reason.SLOW: Words("Jawaban lebih lama dari biasanya.", "Answers take longer than usual."),
    Reason.BACKLOG: Words(
        "Antrean panjang; semua yang diterima tetap diproses.",
        "A long queue; everything that was accepted is still worked on.",
    ),
    Reason.GATE: Words(
        "Antrean tidak memanggil. Nomor yang sudah diambil tetap berlaku.",
        "The queue calls nobody. Turns that were taken stay good.",
    ),
    Reason.GATEWAY: Words(
        "Gerbang pembayaran bermasalah. Jangan membayar dua kali: uang yang masuk akan dihitung.",
        "A payment gateway fails. Do not pay twice: money that arrives will count.",
    ),
    Reason.BROWNOUT: Words(
        "Sangat ramai: sebagian diistirahatkan agar yang mendesak tetap berjalan. Tidak ada yang hilang.",
        "Very busy: some things rest so that what is urgent goes on. Nothing is lost.",
    ),
    Reason.DECLARED: Words("Lihat keterangan gangguan di atas.", "See the outage above."),
    Reason.NOT_MEASURED: Words("Pengukuran belum berhasil.", "It could not be measured."),
    Reason.FEW_CALLS: Words(
        "Terlalu sedikit panggilan dalam lima menit terakhir.", "Too few calls within the last five minutes."
    ),
}
STOCKS: Final[Mapping[Stock | None, Words]] = {
    Stock.SOME: Words("Meterai tersedia", "Has stamps"),
    Stock.LOW: Words(f"Meterai hampir habis (di bawah {LOW_STAMPS})", f"Few stamps (under {LOW_STAMPS})"),
    Stock.NONE: Words("Meterai habis", "Out of stamps"),
    None: Words("Meterai: tidak terukur", "Stamps: not measured"),
}
PAGE: Final[Mapping[str, Words]] = {
    "title": Words("Status layanan", "Service status"),
    "skip": Words("Langsung ke isi", "Skip to content"),
    "site": Words("Ke situs", "To the site"),
    "other": Words("English", "Bahasa Indonesia"),
    "updated": Words("Diukur", "Measured"),
    "again": Words("Lihat lagi", "Look again"),
    "every": Words(
        "Ditulis ulang setiap 5 detik. Jika waktu ini sudah lama lewat, halaman ini sendiri terganggu.",
        "This page is written anew every 5 seconds. If that time is long past, this page itself fails.",
    ),
    "functions": Words("Layanan", "Services"),
    "gateways": Words("Gerbang pembayaran", "Payment gateways"),
    "partners": Words("Mitra", "Partners"),
    "partners_about": Words(
        "Mitra yang bersedia ditampilkan: apakah masih punya meterai, dan bagaimana panggilan programnya ke "
        "layanan ini dijawab.",
        "Partners who are shown: whether they still have stamps, and how their programs' calls fare.",
    ),
    "calls": Words("Panggilan", "Calls"),
    "calls_failed": Words("gagal atau ditolak", "failed or turned away"),
    "outages": Words("Gangguan yang sudah selesai", "Outages that are over"),
    "none": Words("Tidak ada dalam 90 hari terakhir.", "None within 90 days."),
    "open": Words("Berlangsung", "Going on"),
    "over": Words("Selesai", "Over"),
    "since": Words("sejak", "since"),
    "until": Words("sampai", "until"),
    "next": Words("Kabar berikutnya", "Next update"),
    "overdue": Words("Kabar yang dijanjikan terlambat.", "The promised update is overdue."),
    "record": Words("Surat keterangan (JSON)", "Record (JSON)"),
    "signature": Words("tanda tangannya (CMS)", "its signature (CMS)"),
    "root": Words("sertifikat akar", "root certificate"),
    "unsigned": Words("Surat keterangan belum ditandatangani.", "The record is not signed yet."),
    "paper": Words(
        "Selama gangguan, surat keterangan ini menjadi bukti bahwa bea meterai tidak dapat dilunasi di sini.",
        "During an outage this record proves that duty could not be paid here.",
    ),
    "numbers": Words("Angka", "Numbers"),
    "level": Words("Tingkat penghematan (0 penuh, 4 berkas saja)", "Brownout level (0 full, 4 files only)"),
    "affixed": Words("Meterai dibubuhkan, lima menit terakhir", "Stamps affixed, last five minutes"),
    "queued": Words("Nomor yang menunggu di antrean", "Turns that wait in the queue"),
    "queue_wait": Words(
        "Perkiraan tunggu bila mengambil nomor sekarang", "Likely wait for who takes a turn now"
    ),
    "waiting": Words("Permintaan tertua menunggu", "Oldest request has waited"),
    "unmatched": Words("Pembayaran yang belum cocok", "Payments not yet matched"),
    "difference": Words("Hari tanpa selisih pembukuan", "Days without a difference in the books"),
    "seconds": Words("detik", "s"),
    "history": Words(
        "Garis: keadaan tiap hari selama 90 hari, hari ini di kanan.",
        "Bars: each day of 90, today at the right.",
    ),
    "available": Words("waktu berjalan", "of the time working"),
    "feeds": Words("Untuk program", "For programs"),
}
