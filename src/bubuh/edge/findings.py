"""What the machine found, and what was done about it already, for whoever says that something is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from bubuh.complaints.model import Code, Finding
from bubuh.edge.figures import moment, rupiah
from bubuh.edge.reasons import RETURN_REASONS
from bubuh.edge.words import Language, Words

FINDINGS: Final[Mapping[Code, Words]] = {
    Code.STAMP_WAITS: Words(
        "Pembubuhan ini menunggu giliran sejak {at}. Tidak perlu diulang; antreannya berjalan sendiri.",
        "This stamp has waited for its turn since {at}. Do not ask again; the queue moves by itself.",
    ),
    Code.STAMP_IN_WORK: Words(
        "Meterai sedang dibubuhkan. Bila gagal, kuotanya kembali sendiri dalam satu menit.",
        "The stamp is being affixed. Should that fail, its quota comes back by itself within a minute.",
    ),
    Code.STAMP_SEALED: Words(
        "Segel sudah dibuat; pembubuhan ini pasti diselesaikan dengan nomor seri yang sama.",
        "The seal is made; this stamp will be finished, with the same serial number.",
    ),
    Code.STAMP_AFFIXED: Words("Meterai berhasil dibubuhkan pada {at}.", "The stamp was affixed on {at}."),
    Code.STAMP_RETURNED: Words(
        "Meterai tidak jadi dibubuhkan pada {at}. {reason}",
        "The stamp was not affixed ({at}). {reason}",
    ),
    Code.QUOTA_HELD: Words(
        "Satu kuota ditahan untuknya dan belum terpakai.", "One stamp of quota is held for it, not used yet."
    ),
    Code.QUOTA_RELEASED: Words(
        "Kuotanya sudah kami kembalikan ke akun Anda.", "We have given its quota back to your account."
    ),
    Code.QUOTA_USED: Words("Satu kuota terpakai untuknya.", "One stamp of quota was used for it."),
    Code.SIGNER_WELL: Words("Penanda tangan bekerja.", "The signer is at work."),
    Code.SIGNER_AWAY: Words(
        "Penanda tangan sedang tidak menjawab. Begitu pulih, pembubuhan dilanjutkan; kuota tidak hilang.",
        "The signer does not answer just now. Stamps go on once it does; no quota is lost.",
    ),
    Code.FILE_READY: Words(
        "Dokumen bermeterainya baru saja kami buka dan dapat diunduh.",
        "We have just opened the stamped document; it can be downloaded.",
    ),
    Code.FILE_GONE: Words(
        "Berkasnya sudah dihapus karena masa simpannya habis. Meterai pada salinan Anda tetap sah.",
        "The file was deleted when its time was over. The stamp on your own copy stays valid.",
    ),
    Code.FILE_AWAY: Words(
        "Penyimpanan berkas sedang tidak menjawab. Dokumennya aman; coba unduh beberapa saat lagi.",
        "The store of files does not answer just now. The document is safe; try again a little later.",
    ),
    Code.FILE_AT_HOME: Words(
        "Dokumen ini tidak pernah dikirim kepada kami; meterainya ada pada berkas di perangkat pengirimnya.",
        "This document was never sent to us; the stamp is in the file on its sender's device.",
    ),
    Code.GATEWAY_ASKED: Words(
        "Penyedia pembayaran baru saja kami tanya.", "We have just asked the payment provider."
    ),
    Code.GATEWAY_SILENT: Words(
        "Penyedia pembayaran tidak menjawab. Kami bertanya lagi terus-menerus; begitu uangnya tercatat, "
        "kuota bertambah sendiri.",
        "The payment provider does not answer. We go on asking; once the money is recorded, the quota comes "
        "by itself.",
    ),
    Code.ORDER_UNPAID: Words(
        "Belum ada uang yang tercatat untuk pesanan ini. Bayar sebelum {at}. Bila sudah membayar, kuota "
        "bertambah sendiri begitu bank mengabarkannya.",
        "No money is recorded for this order. Pay before {at}. If you have paid, the quota comes by itself "
        "once the bank says so.",
    ),
    Code.ORDER_UNDERPAID: Words(
        "Masih kurang {amount}. Bila pesanan berakhir sebelum lunas, uang yang masuk dikembalikan.",
        "{amount} is still missing. If the order ends before the rest comes, what came goes back.",
    ),
    Code.ORDER_PAID: Words(
        "Pembayaran sudah diterima; kuota sedang ditambahkan.",
        "The payment is here; the quota is being added.",
    ),
    Code.ORDER_FILLED: Words(
        "Pembayaran sudah diterima dan {stamps} meterai sudah ada di kuota Anda.",
        "The payment is here, and {stamps} stamp(s) are in your quota.",
    ),
    Code.ORDER_EXPIRED: Words(
        "Pesanan berakhir pada {at} tanpa pembayaran yang tercatat. Uang yang terlambat tetap menambah "
        "kuota.",
        "The order expired on {at} without a recorded payment. Late money still adds quota.",
    ),
    Code.ORDER_CANCELLED: Words(
        "Pesanan ini dibatalkan. Uang yang terlanjur dikirim tetap menambah kuota.",
        "This order was cancelled. Money sent all the same still adds quota.",
    ),
    Code.SURPLUS_RETURNS: Words(
        "Kelebihan {amount} dikembalikan sendiri ke asal pembayarannya.",
        "The surplus of {amount} goes back by itself to where it came from.",
    ),
    Code.REFUND_WAITS: Words(
        "Pengembalian {amount} menunggu persetujuan petugas kedua sejak {at}.",
        "The refund of {amount} has waited for a second officer since {at}.",
    ),
    Code.REFUND_SENT: Words(
        "Pengembalian {amount} sudah kami minta ke penyedia pembayaran pada {at}; kami bertanya sampai "
        "selesai.",
        "We asked the payment provider to send back {amount} on {at}, and go on asking until it is done.",
    ),
    Code.REFUND_OVERDUE: Words(
        "Pengembalian {amount} kami minta pada {at} dan sudah lebih dari sehari belum selesai. Petugas kami "
        "menanyakannya ke penyedia pembayaran; Anda tidak perlu meminta lagi.",
        "We asked for {amount} to be sent back on {at}, and for more than a day it has not been done. Our "
        "staff are asking the payment provider; you need not ask again.",
    ),
    Code.REFUND_DONE: Words(
        "{amount} sudah dikembalikan pada {at}. Bank dapat memerlukan beberapa hari untuk menampilkannya.",
        "{amount} went back on {at}. A bank may take some days to show it.",
    ),
    Code.REFUND_FAILED: Words(
        "Pengembalian {amount} ditolak penyedia pembayaran pada {at}. Meterai yang ditahan untuknya kembali "
        "ke kuota; uang yang tidak membeli meterai ditangani petugas.",
        "The payment provider would not send back {amount} ({at}). Stamps held for it are in your quota "
        "again; money that bought none is seen to by our staff.",
    ),
    Code.REFUND_DECLINED: Words(
        "Permintaan pengembalian {amount} ditolak pada {at}; meterainya kembali ke kuota Anda.",
        "The refund of {amount} was declined on {at}; its stamps are back in your quota.",
    ),
}
_WHY: Final = Words("Sebabnya tercatat pada kami.", "The reason is on record.")


def said_of(finding: Finding, language: Language) -> str:
    """The finding in a sentence or two."""
    facts: dict[str, str | int] = dict(finding.facts)
    if "at" in facts:
        facts["at"] = moment(datetime.fromisoformat(str(facts["at"])))
    if "amount_idr" in facts:
        facts["amount"] = rupiah(int(facts.pop("amount_idr")))
    if "reason" in facts:
        facts["reason"] = RETURN_REASONS.get(str(facts["reason"]), _WHY).said(language)
    return FINDINGS[finding.code].said(language, facts)
