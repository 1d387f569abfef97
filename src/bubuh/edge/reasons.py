"""Why a document is refused, and why quota came back: what is the matter, and what its owner can do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bubuh.edge.words import Words
from bubuh.pdf.intake.flags import Flag
from bubuh.pdf.refusals import Reason
from bubuh.stamping.moves import ReturnReason

_PRINT_ID: Final = "Cetak ke PDF dari aplikasi asalnya, lalu unggah hasilnya."
_PRINT_EN: Final = "Print it to PDF from the program it came from, and upload the result."

_TOO_COMPLEX: Final = Words(
    f"Pemeriksaan dokumen ini melampaui batas yang aman. {_PRINT_ID}",
    f"Looking at this document went past what is safe. {_PRINT_EN}",
)

DOCUMENT_REASONS: Final[Mapping[str, Words]] = {
    Reason.EMPTY: Words(
        "Berkas ini kosong. Pilih berkas yang benar lalu unggah kembali.",
        "The file is empty. Choose the right one and upload it.",
    ),
    Reason.NOT_A_PDF: Words(
        "Berkas ini bukan PDF. Simpan dokumen sebagai PDF, bukan hanya mengganti nama berkasnya.",
        "The file is not a PDF. Save the document as PDF; renaming a file does not make it one.",
    ),
    Reason.TRUNCATED: Words(
        "Berkas ini terpotong. Unduh atau simpan ulang sampai selesai, lalu unggah kembali.",
        "The file is cut off. Download or save it again to its end, and upload that.",
    ),
    Reason.LEADING_BYTES: Words(
        f"Ada isi lain sebelum awal PDF. {_PRINT_ID}",
        f"Something else stands before the PDF begins. {_PRINT_EN}",
    ),
    Reason.TRAILING_BYTES: Words(
        f"Ada isi lain sesudah akhir PDF. {_PRINT_ID}",
        f"Something else stands after the PDF ends. {_PRINT_EN}",
    ),
    Reason.POLYGLOT: Words(
        f"Berkas ini PDF dan sekaligus berkas jenis lain. {_PRINT_ID}",
        f"The file is a PDF and a file of another kind at once. {_PRINT_EN}",
    ),
    Reason.DAMAGED: Words(f"Struktur PDF ini rusak. {_PRINT_ID}", f"The PDF is damaged. {_PRINT_EN}"),
    Reason.AMBIGUOUS: Words(
        f"PDF ini tampil berbeda pada pembaca yang berbeda. {_PRINT_ID}",
        f"Different readers see different things in this PDF. {_PRINT_EN}",
    ),
    Reason.HYBRID: Words(
        f"PDF ini memuat dua daftar isi yang berlainan. {_PRINT_ID}",
        f"The PDF has two kinds of cross-reference at once. {_PRINT_EN}",
    ),
    Reason.ENCRYPTED: Words(
        "PDF ini terkunci dengan kata sandi. Buka kuncinya, simpan tanpa kata sandi, lalu unggah kembali.",
        "The PDF is locked with a password. Unlock it, save it without one, and upload that.",
    ),
    Reason.CERTIFIED: Words(
        "Penanda tangan sebelumnya melarang perubahan pada PDF ini. Mintalah dokumen tanpa larangan itu.",
        "An earlier signer forbids changes to this PDF. Ask them for one without that rule.",
    ),
    Reason.SIGNATURE_BROKEN: Words(
        "Tanda tangan yang ada sudah tidak cocok dengan isi PDF. Mintalah dokumen asli kepada "
        "penanda tangannya.",
        "An earlier signature no longer fits the PDF. Ask its signer for the original.",
    ),
    Reason.XFA: Words(
        "PDF ini formulir dinamis (XFA). Cetak formulir yang sudah diisi ke PDF, lalu unggah hasilnya.",
        "The PDF is a dynamic form (XFA). Print the filled form to PDF and upload the result.",
    ),
    Reason.JAVASCRIPT: Words(
        f"PDF ini menjalankan program (JavaScript) begitu dibuka. {_PRINT_ID}",
        f"The PDF runs a program (JavaScript) as soon as it is opened. {_PRINT_EN}",
    ),
    Reason.LAUNCH: Words(
        f"PDF ini dapat membuka program lain di perangkat pembacanya. {_PRINT_ID}",
        f"The PDF can start another program on its reader's device. {_PRINT_EN}",
    ),
    Reason.ACTS_ALONE: Words(
        "PDF ini bertindak sendiri begitu dibuka: mengirim data, membuka alamat, atau mengubah tampilannya. "
        f"{_PRINT_ID}",
        "The PDF acts by itself when it is opened: it sends data, opens an address or changes what it shows. "
        f"{_PRINT_EN}",
    ),
    Reason.EMBEDDED_PROGRAM: Words(
        "PDF ini membawa lampiran yang dapat dijalankan sebagai program. Hapus lampiran itu, simpan, lalu "
        "unggah kembali.",
        "The PDF carries an attachment that can run as a program. Remove it, save, and upload the result.",
    ),
    Reason.EXTERNAL_CONTENT: Words(
        f"Sebagian isi PDF ini diambil dari berkas lain. {_PRINT_ID}",
        f"Part of what the PDF shows is taken from another file. {_PRINT_EN}",
    ),
    Reason.HIDDEN_CONTENT: Words(
        f"PDF ini menyimpan isi lain yang tidak ditampilkan. {_PRINT_ID}",
        f"The PDF holds other content that it does not show. {_PRINT_EN}",
    ),
    Reason.INFLATES: Words(
        f"Isi PDF ini membengkak melampaui batas ketika dibuka. {_PRINT_ID}",
        f"Unpacked, the PDF grows past what is safe. {_PRINT_EN}",
    ),
    Reason.TOO_LARGE: Words(
        "PDF ini terlalu besar. Kecilkan gambarnya atau bagi dokumennya, lalu unggah kembali.",
        "The PDF is too large. Shrink its pictures or split it, and upload that.",
    ),
    Reason.TOO_MANY_PAGES: Words(
        "Halaman PDF ini terlalu banyak. Bagi dokumennya, lalu unggah kembali.",
        "The PDF has too many pages. Split it and upload the part.",
    ),
    Reason.TOO_MANY_OBJECTS: _TOO_COMPLEX,
    Reason.TOO_MANY_REVISIONS: Words(
        f"PDF ini sudah terlalu sering diubah. {_PRINT_ID}",
        f"The PDF was changed too many times. {_PRINT_EN}",
    ),
    Reason.TOO_DEEP: _TOO_COMPLEX,
    Reason.NO_PAGES: Words("PDF ini tidak memiliki halaman.", "The PDF has no page."),
    Reason.SERIAL_PRESENT: Words(
        "Dokumen ini sudah memuat meterai dengan nomor seri yang sama.",
        "The document bears a stamp with this serial number already.",
    ),
    Reason.REPAIR_BREAKS_SIGNATURES: Words(
        "Struktur PDF ini rusak dan memuat tanda tangan; memperbaikinya akan membatalkan tanda tangan itu. "
        "Mintalah dokumen asli kepada penanda tangannya.",
        "The PDF is damaged and signed; a repair breaks signatures. Ask its signer for the original.",
    ),
    Reason.REPAIR_CHANGED_LOOK: Words(
        f"Struktur PDF ini rusak, dan setelah diperbaiki tampilannya berubah. {_PRINT_ID}",
        f"The PDF is damaged, and once repaired it looks different. {_PRINT_EN}",
    ),
    Reason.SANDBOX_DIED: Words(
        f"Dokumen ini menggagalkan pemeriksaannya. {_PRINT_ID}",
        f"The document made its inspection fail. {_PRINT_EN}",
    ),
    Reason.SANDBOX_TIMEOUT: Words(
        f"Pemeriksaan dokumen ini terlalu lama. {_PRINT_ID}",
        f"Looking at the document took too long. {_PRINT_EN}",
    ),
    Reason.SANDBOX_MEMORY: _TOO_COMPLEX,
}

#: What a document may be stamped with, but its owner should know: what it is, and what can be done.
FLAGS: Final[Mapping[Flag, Words]] = {
    Flag.SCRIPT: Words(
        "PDF ini memuat program kecil yang berjalan saat formulirnya diisi atau diklik. Untuk "
        "menghilangkannya, cetak ke PDF.",
        "The PDF holds scripts that run when its form is filled in or clicked. Printing it to PDF removes "
        "them.",
    ),
    Flag.LINK: Words(
        "PDF ini memuat tautan ke alamat atau berkas lain. Pastikan tautan itu memang Anda maksudkan.",
        "The PDF has links to addresses or other files. Make sure that you mean them.",
    ),
    Flag.FORM_SENDS: Words(
        "Formulir di PDF ini dapat mengirim isiannya lewat internet bila tombolnya diklik. Cetak ke PDF "
        "bila tidak diperlukan.",
        "The form in the PDF can send what is filled in when a button is clicked. Print it to PDF if that "
        "is not wanted.",
    ),
    Flag.FILLABLE: Words(
        "Formulir di PDF ini masih dapat diisi. Isi dahulu sebelum dibubuhi meterai: mengisinya sesudah "
        "itu membuat dokumen tidak asli.",
        "The form in the PDF can still be filled in. Do it before stamping: filled in afterwards, the "
        "document is no longer genuine.",
    ),
    Flag.ATTACHMENT: Words(
        "PDF ini membawa berkas lampiran di dalamnya. Meterai berlaku juga atas lampiran itu; hapus bila "
        "tidak diperlukan.",
        "The PDF carries attached files. The stamp covers them too; remove them if they are not needed.",
    ),
    Flag.MEDIA: Words(
        "PDF ini memuat suara, film, atau model tiga dimensi yang tidak tampil pada semua pembaca. Cetak "
        "ke PDF bila tidak diperlukan.",
        "The PDF holds sound, film or three-dimensional models that not every reader shows. Print it to "
        "PDF if they are not needed.",
    ),
    Flag.LAYERS: Words(
        "Sebagian isi PDF ini dapat disembunyikan atau ditampilkan. Agar semua orang melihat hal yang "
        "sama, cetak ke PDF.",
        "Parts of the PDF can be shown or hidden. Print it to PDF, so that everybody sees the same.",
    ),
    Flag.CERTIFIED: Words(
        "Penanda tangan sebelumnya mengesahkan PDF ini dan hanya mengizinkan tanda tangan tambahan. "
        "Mintalah izinnya bila ragu.",
        "An earlier signer certified the PDF and allows little but further signatures. Ask them if in doubt.",
    ),
    Flag.EARLIER_VERSIONS: Words(
        "Isi sebelum perubahan masih dapat dibaca di dalam PDF ini. Untuk menghilangkannya, cetak ke PDF.",
        "What the PDF said before it was changed can still be read in it. Printing it to PDF removes that.",
    ),
    Flag.UNUSED_PAGES: Words(
        "PDF ini masih menyimpan halaman yang tidak ditampilkan. Untuk menghilangkannya, cetak ke PDF.",
        "The PDF still holds pages that it does not show. Printing it to PDF removes them.",
    ),
}

RETURN_REASONS: Final[Mapping[str, Words]] = {
    **DOCUMENT_REASONS,
    ReturnReason.CANCELLED: Words("Dibatalkan oleh pemiliknya.", "Its owner cancelled it."),
    ReturnReason.WAITED_TOO_LONG: Words(
        "Terlalu lama menunggu giliran. Kuota sudah dikembalikan; silakan bubuhkan lagi.",
        "It waited too long for its turn. The quota is back; please try again.",
    ),
    ReturnReason.WORKER_DIED: Words(
        f"Pembubuhan pada dokumen ini berulang kali gagal. Kuota sudah dikembalikan. {_PRINT_ID}",
        f"Stamping this document failed again and again. The quota is back. {_PRINT_EN}",
    ),
    "midstate_unsupported": Words(
        "Dokumen ini tidak dapat dibubuhi meterai tanpa diunggah. Kuota sudah dikembalikan; unggah "
        "dokumennya.",
        "This document cannot be stamped without being uploaded. The quota is back; upload it.",
    ),
    ReturnReason.ORIGINAL_LOST: Words(
        "Berkas asli tidak dapat dibaca lagi. Kuota sudah dikembalikan; unggah kembali dokumennya.",
        "The original can no longer be read. The quota is back; upload the document again.",
    ),
}

NORMALISED: Final = Words(
    "Struktur berkas ini rusak, sehingga ditulis ulang sebelum dibubuhi meterai. Tampilannya sudah "
    "dibandingkan dan sama; berkas yang Anda unggah tetap tersimpan seperti aslinya.",
    "The file's structure was damaged, so it was written anew before it is stamped. How it looks was "
    "compared and is the same; what you uploaded is kept as it came.",
)
