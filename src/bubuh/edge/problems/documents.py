"""What is said of uploads and of documents that are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bubuh.core.errors import Refusal
from bubuh.documents import refusals as documents
from bubuh.edge.problems.problem import NOT_FOUND, Problem
from bubuh.edge.words import Words

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
    documents.UploadUnknown: Problem(
        status=404,
        title=Words("Kiriman tidak ada", "No such upload"),
        detail=Words(
            "Kiriman ini tidak ada, sudah selesai, atau terlalu lama ditinggalkan. Kirim berkasnya lagi.",
            "There is no such upload, it is done, or it was left for too long. Send the file again.",
        ),
    ),
    documents.UploadOffset: Problem(
        status=409,
        title=Words("Bukan kelanjutannya", "Not where it goes on"),
        detail=Words("Kiriman ini berlanjut dari byte {offset}.", "This upload goes on from byte {offset}."),
        facts=("offset",),
    ),
    documents.UploadIncomplete: Problem(
        status=409,
        title=Words("Kiriman belum lengkap", "The upload is not whole"),
        detail=Words(
            "Berkas belum sampai seluruhnya. Kirim lagi; yang sudah sampai tidak dikirim dua kali.",
            "The file has not come whole. Send it again; what has come is not sent twice.",
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
}
