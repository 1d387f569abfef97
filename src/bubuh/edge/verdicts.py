"""What a verdict on a stamped document means, and why it is what it is: each code a judge may say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bubuh.edge.reasons import DOCUMENT_REASONS
from bubuh.edge.words import Words
from bubuh.pdf.refusals import Reason
from bubuh.verification.model import Word

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
