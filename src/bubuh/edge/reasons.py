"""Why a document is refused, and why quota came back: what is the matter, and what its owner can do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bubuh.edge.words import Words
from bubuh.pdf.intake.flags import Flag
from bubuh.pdf.refusals import Reason
from bubuh.stamping.moves import ReturnReason
from bubuh.verification.model import Word

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

VERDICTS: Final[Mapping[Word, Words]] = {
    Word.GENUINE: Words(
        "Asli: setiap meterai di dokumen ini terbukti dan tidak ada yang berubah sesudahnya. Dokumen dapat "
        "dipakai.",
        "Genuine: every stamp in this document is proven and nothing was changed after it. You can rely on "
        "it.",
    ),
    Word.NOT_GENUINE: Words(
        "Tidak asli: dokumen ini diubah sesudah dibubuhi meterai, atau meterainya bukan dari kami. Jangan "
        "diterima.",
        "Not genuine: the document was changed after it was stamped, or the stamp is not ours. Do not "
        "accept it.",
    ),
    Word.NOT_PROVABLE: Words(
        "Tidak dapat dibuktikan: keaslian dokumen ini tidak dapat dipastikan. Mintalah berkas PDF aslinya, "
        "bukan cetakan, pindaian, atau hasil simpan ulang.",
        "Not provable: nothing certain can be said of this document. Ask for the original PDF file, not a "
        "print, a scan or a copy that was saved again.",
    ),
}

NO_STAMP: Final = Words(
    "Tidak ada meterai kami yang dapat dibaca di berkas ini. Mintalah berkas PDF aslinya, bukan cetakan, "
    "pindaian, atau hasil simpan ulang.",
    "No stamp of ours can be read in this file. Ask for the original PDF file, not a print, a scan or a copy "
    "that was saved again.",
)

_ASK_FOR_FILE_ID: Final = "Mintalah berkas PDF aslinya."
_ASK_FOR_FILE_EN: Final = "Ask for the original PDF file."

#: Why a document is not genuine or not provable: each code a judge may say, beside those of documents.
VERDICT_REASONS: Final[Mapping[str, Words]] = {
    **DOCUMENT_REASONS,
    Reason.EMPTY: Words("Berkas ini kosong.", "The file is empty."),
    Reason.NOT_A_PDF: Words(
        f"Berkas ini bukan PDF. {_ASK_FOR_FILE_ID}", f"The file is not a PDF. {_ASK_FOR_FILE_EN}"
    ),
    Reason.TRUNCATED: Words(
        f"Berkas ini terpotong. {_ASK_FOR_FILE_ID}", f"The file is cut off. {_ASK_FOR_FILE_EN}"
    ),
    Reason.LEADING_BYTES: Words(
        f"Ada isi lain sebelum awal PDF. {_ASK_FOR_FILE_ID}",
        f"Something else stands before the PDF begins. {_ASK_FOR_FILE_EN}",
    ),
    Reason.DAMAGED: Words(
        f"Struktur PDF ini rusak sehingga tidak dapat diperiksa. {_ASK_FOR_FILE_ID}",
        f"The PDF is damaged and cannot be checked. {_ASK_FOR_FILE_EN}",
    ),
    Reason.ENCRYPTED: Words(
        "PDF ini terkunci dengan kata sandi sehingga tidak dapat diperiksa.",
        "The PDF is locked with a password and cannot be checked.",
    ),
    "no_stamp": NO_STAMP,
    "file_unreadable": Words(
        "Berkas ini tidak dapat dibaca dari tempatnya, jadi belum diperiksa.",
        "The file cannot be read where it is, so it was not checked.",
    ),
    "never_sealed": Words(
        "Meterai sudah diletakkan di berkas ini, tetapi belum pernah disegel: pembubuhannya tidak selesai.",
        "A stamp was placed in this file but never sealed: affixing it was not finished.",
    ),
    "face_without_seal": Words(
        f"Gambar meterai ada di berkas ini tanpa segel: disalin atau disimpan ulang. {_ASK_FOR_FILE_ID}",
        f"The picture of a stamp is in this file without a seal: copied, or saved again. {_ASK_FOR_FILE_EN}",
    ),
    "byte_range": Words(
        "Segel tidak menutup isi berkas sebagaimana mestinya. Jangan diterima.",
        "The seal does not cover the file as it must. Do not accept it.",
    ),
    "revision_end": Words(
        "Akhir sebuah revisi berkas ini tidak seperti yang kami tulis. Jangan diterima.",
        "A revision of this file does not end as we write it. Do not accept it.",
    ),
    "changed_after_stamp": Words(
        "Isi dokumen diubah sesudah dibubuhi meterai, tanpa segel yang menutup perubahan itu.",
        "The document was changed after it was stamped, and no seal covers the change.",
    ),
    "trailing_bytes": Words(
        "Ada isi tambahan sesudah akhir dokumen yang disegel.",
        "Something was added after the end of the sealed document.",
    ),
    "signature_shared": Words(
        "Satu segel atau satu nomor seri dipakai dua kali di berkas ini. Jangan diterima.",
        "One seal or one serial number is used twice in this file. Do not accept it.",
    ),
    "earlier_signature_broken": Words(
        "Tanda tangan lain yang sudah ada sebelum meterai tidak cocok dengan isi dokumen.",
        "A signature from before the stamp does not fit the document.",
    ),
    "signed_after_stamp": Words(
        "Sah saat dibubuhkan, kemudian ditandatangani lagi oleh pihak lain yang tidak kami kenal.",
        "In order when it was stamped, then signed again by someone we do not know.",
    ),
    "time_stamp_untrusted": Words(
        "Stempel waktu berasal dari otoritas yang tidak dipercaya.",
        "A time-stamp is by an authority that is not trusted.",
    ),
    "time_stamp_invalid": Words(
        "Stempel waktu tidak cocok dengan segelnya.", "A time-stamp does not fit its seal."
    ),
    "time_stamp_from_the_future": Words(
        "Stempel waktu menunjukkan waktu yang belum tiba.", "A time-stamp tells a time that has not come."
    ),
    "digest_differs": Words(
        "Isi dokumen tidak sama dengan yang disegel. Jangan diterima.",
        "The document is not the one that was sealed. Do not accept it.",
    ),
    "seal_invalid": Words(
        "Tanda tangan pada segel tidak sah. Jangan diterima.",
        "The signature of the seal is not valid. Do not accept it.",
    ),
    "seal_altered": Words(
        "Segel diubah sesudah dibuat, atau bukan buatan kami. Jangan diterima.",
        "The seal was altered after it was made, or is not of our making. Do not accept it.",
    ),
    "untrusted": Words(
        "Segel dibuat oleh pihak yang tidak dipercaya, atau di luar masa berlaku sertifikatnya.",
        "The seal was made by someone who is not trusted, or outside its certificate's time.",
    ),
    "authority_imitated": Words(
        "Sertifikatnya meniru nama penerbit resmi. Jangan diterima.",
        "Its certificates imitate the name of the true authority. Do not accept it.",
    ),
    "key_retired": Words(
        "Segel dibuat dengan kunci yang saat itu sudah tidak dipakai lagi.",
        "The seal was made with a key that was no longer in use by then.",
    ),
    "serial_differs": Words(
        "Nomor seri pada gambar, kode QR, dan segel tidak sama.",
        "The serial numbers in drawing, QR code and seal are not the same.",
    ),
    "page_differs": Words(
        "Meterai tidak berada di halaman yang disebut segelnya.",
        "The stamp is not on the page that its seal names.",
    ),
    "content_refused": Words(
        "Meterai ini dibubuhkan tanpa melihat isi dokumen, dan isinya tidak memenuhi syarat pembubuhan.",
        "This stamp was affixed without sight of the document, and the document is not one that may be "
        "stamped.",
    ),
    "serial_unknown": Words(
        "Nomor seri ini tidak ada di buku besar kami, atau sudah dibatalkan. Jangan diterima.",
        "This serial number is not in our ledger, or is void. Do not accept it.",
    ),
    "serial_not_sealed": Words(
        "Nomor seri ini sudah diterbitkan, tetapi meterainya belum pernah selesai disegel.",
        "This serial number was issued, but its stamp has never been sealed.",
    ),
    "ledger_digest_differs": Words(
        "Nomor seri ini milik dokumen lain. Jangan diterima.",
        "This serial number belongs to another document. Do not accept it.",
    ),
    "too_many_stamps": Words(
        "Meterai di berkas ini terlalu banyak untuk diperiksa sekaligus.",
        "There are too many stamps in this file to check at once.",
    ),
}

#: What does not change the verdict.
FINDINGS: Final[Mapping[str, Words]] = {
    "ledger_not_asked": Words(
        "Buku besar tidak ditanya: hanya dokumennya sendiri yang diperiksa.",
        "The ledger was not asked: only the document itself was checked.",
    ),
    "other_signature": Words(
        "Ada pula tanda tangan pihak lain.", "There is a signature of someone else as well."
    ),
    "time_stamp": Words("Ada stempel waktu dokumen.", "There is a document time-stamp."),
    "seal_time_stamp": Words("Segel memuat stempel waktu.", "The seal has a time-stamp."),
    "time_stamp_not_checked": Words(
        "Stempel waktu pada segel tidak diperiksa.", "The seal's time-stamp was not checked."
    ),
    "content_unseen": Words(
        "Layanan membubuhkan meterai tanpa melihat isi dokumen; isinya diperiksa sekarang.",
        "The service affixed the stamp without sight of the document; its content was checked now.",
    ),
    "face_of_a_stamp": Words(
        "Nomor seri pada gambar itu terdaftar untuk sebuah dokumen: ini bukan berkas aslinya.",
        "The serial number on that picture is registered for a document: this is not its original file.",
    ),
    "face_of_no_stamp": Words(
        "Nomor seri pada gambar itu tidak ada di buku besar kami.",
        "The serial number on that picture is not in our ledger.",
    ),
    "face_of_unsealed_stamp": Words(
        "Nomor seri pada gambar itu sudah diterbitkan, tetapi belum pernah selesai disegel.",
        "The serial number on that picture was issued but never sealed.",
    ),
}

#: What came after a stamp.
ADDITIONS: Final[Mapping[str, Words]] = {
    "stamp": Words("meterai lain", "another stamp"),
    "signature": Words("tanda tangan pihak lain", "somebody's signature"),
    "time_stamp": Words("stempel waktu", "a time-stamp"),
    "validation_data": Words("data untuk validasi", "data for validation"),
    "form_filling": Words("isian formulir", "form filling"),
    "form_field": Words("kolom formulir baru", "a new form field"),
    "annotation": Words("catatan atau anotasi", "an annotation"),
    "page_content": Words("isi halaman", "page content"),
    "pages": Words("halaman", "pages"),
    "metadata": Words("keterangan dokumen", "the document's information"),
    "actions": Words("tindakan otomatis", "actions"),
    "bytes": Words("isi sesudah akhir berkas", "bytes after the end"),
    "other": Words("hal lain", "something else"),
}
