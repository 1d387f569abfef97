"""Make the sample documents of tests/data. Everyone in them is invented.

Needs LibreOffice (`soffice`), Chromium and the DejaVu and Liberation fonts; each producer makes its own
document, so the bytes change with its version. Run it only to add a document, then look at what it made:

    python tests/make_samples.py [NAME ...]
"""
# mypy: allow-untyped-calls

from __future__ import annotations

import argparse
import io
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pikepdf
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko_certvalidator.registry import SimpleCertificateStore
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

DATA = Path(__file__).parent / "data"
FONTS = Path("/usr/share/fonts/truetype")
SERIF = FONTS / "liberation" / "LiberationSerif-Regular.ttf"
BOLD = FONTS / "liberation" / "LiberationSerif-Bold.ttf"

LETTER = """Padang, 18 November 2026

Kepada Yth.
Panitia Seleksi Calon Pegawai Negeri Sipil
Pemerintah Kabupaten Contoh
di Tempat

Perihal: Lamaran Calon Pegawai Negeri Sipil

Dengan hormat,

Yang bertanda tangan di bawah ini:

      Nama                                : Rahmi Oktaviani Putri
      Tempat, tanggal lahir        : Bukittinggi, 4 Oktober 1999
      Pendidikan terakhir           : S-1 Ilmu Perpustakaan
      Alamat                             : Jalan Melati Contoh No. 17, Padang
      Telepon                            : 0800-0000-017

dengan ini mengajukan lamaran untuk mengikuti seleksi penerimaan Calon Pegawai Negeri
Sipil pada formasi Pustakawan Ahli Pertama. Sebagai bahan pertimbangan, saya lampirkan:

      1. fotokopi ijazah dan transkrip nilai yang telah dilegalisasi;
      2. fotokopi kartu tanda penduduk;
      3. pas foto terbaru berukuran 3 x 4;
      4. surat pernyataan lima butir bermeterai.

Demikian surat lamaran ini saya buat dengan sebenar-benarnya. Atas perhatian Bapak/Ibu
saya ucapkan terima kasih.


                                                                                Hormat saya,




                                                                                Rahmi Oktaviani Putri"""

STATEMENT = """<!DOCTYPE html><html lang="id"><head><meta charset="utf-8">
<title>Surat Pernyataan</title></head>
<body style="font-family:'Liberation Serif'; font-size:12pt">
<h2 style="text-align:center">SURAT PERNYATAAN</h2>
<p>Yang bertanda tangan di bawah ini:</p>
<table><tr><td>Nama</td><td>: Bagas Prasetyo Wibisono</td></tr>
<tr><td>Pekerjaan</td><td>: Guru honorer</td></tr>
<tr><td>Alamat</td><td>: Dusun Contoh RT 02 RW 05, Sleman</td></tr></table>
<p>menyatakan dengan sesungguhnya bahwa saya:</p>
<ol><li>tidak pernah dipidana dengan pidana penjara berdasarkan putusan pengadilan yang telah mempunyai
kekuatan hukum tetap;</li><li>tidak pernah diberhentikan dengan hormat tidak atas permintaan sendiri;</li>
<li>tidak berkedudukan sebagai calon pegawai negeri, prajurit, atau anggota kepolisian;</li>
<li>tidak menjadi anggota atau pengurus partai politik;</li>
<li>bersedia ditempatkan di seluruh wilayah Negara Kesatuan Republik Indonesia.</li></ol>
<p>Demikian pernyataan ini saya buat dengan sadar dan tanpa paksaan dari pihak mana pun.</p>
<p style="margin-left:60%">Sleman, 20 November 2026<br>
Yang menyatakan,<br><br><br><br>Bagas Prasetyo Wibisono</p>
</body></html>"""

RECEIPT = """<!DOCTYPE html><html lang="id"><head><meta charset="utf-8">
<title>Kuitansi</title><style>
@page { size: A5 landscape; margin: 12mm } body { font: 12pt 'DejaVu Sans' } .no { float: right; color: #666 }
.box { border: 2px solid #134; border-radius: 8px; padding: 16px;
 background: linear-gradient(#fff, #eef6f7) }
.sum { display: inline-block; background: #134; color: #fff; padding: 6px 14px; font-weight: bold }
</style></head><body><div class="box"><span class="no">No. 0117/KW/XI/2026</span><h2>KUITANSI</h2>
<p>Sudah terima dari: <b>CV Sinar Contoh Abadi</b></p>
<p>Uang sejumlah: <i>tujuh juta lima ratus ribu rupiah</i></p>
<p>Untuk pembayaran: sewa ruko Jalan Kenanga Contoh No. 3 bulan Desember 2026</p>
<p class="sum">Rp7.500.000,00</p>
<p style="text-align:right">Makassar, 21 November 2026<br><br><br>
Andi Tenri Maulana</p></div></body></html>"""

CLAUSES = (
    "Pihak Pertama menyewakan kepada Pihak Kedua sebuah rumah tinggal beserta perlengkapannya.",
    "Sewa-menyewa ini berlangsung selama dua tahun, terhitung sejak tanggal 1 Desember 2026.",
    "Harga sewa ditetapkan sebesar Rp24.000.000,00 setahun dan dibayar di muka setiap tahun.",
    "Pihak Kedua wajib memelihara rumah dengan sebaik-baiknya dan menanggung tagihan listrik dan air.",
    "Perselisihan diselesaikan secara musyawarah; bila tidak tercapai, melalui pengadilan negeri setempat.",
)


def letter() -> bytes:
    """A one-page letter with an embedded TrueType font (reportlab)."""
    out = io.BytesIO()
    canvas = _canvas(out, "Surat Lamaran")
    text = canvas.beginText(64, A4[1] - 72)
    for line in LETTER.split("\n"):
        text.setFont("Serif", 11.5)
        text.textLine(line)
    canvas.drawText(text)
    canvas.save()
    return out.getvalue()


def agreement() -> bytes:
    """A three-page agreement with a form: text fields and a check box (reportlab)."""
    out = io.BytesIO()
    canvas = _canvas(out, "Perjanjian Sewa")
    for page in range(1, 4):
        canvas.setFont("Bold", 15)
        canvas.drawCentredString(A4[0] / 2, A4[1] - 80, "PERJANJIAN SEWA-MENYEWA RUMAH")
        canvas.setFont("Serif", 11.5)
        for number, clause in enumerate(CLAUSES):
            at = A4[1] - 130 - 60 * number
            canvas.drawString(64, at, f"Pasal {5 * (page - 1) + number + 1}")
            canvas.drawString(64, at - 18, clause)
        canvas.drawRightString(A4[0] - 64, 40, f"Halaman {page} dari 3")
        if page == 3:
            canvas.acroForm.textfield(
                name="pihak_pertama", x=64, y=180, width=180, value="Dewi Lestari Contoh"
            )
            canvas.acroForm.textfield(
                name="pihak_kedua", x=330, y=180, width=180, value="Yusuf Hidayat Contoh"
            )
            canvas.acroForm.checkbox(name="setuju", x=64, y=140, checked=True)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def libreoffice() -> bytes:
    """A statement by LibreOffice Writer."""
    return _soffice(STATEMENT, "pdf:writer_pdf_Export")


def libreoffice_pdfa() -> bytes:
    """The same as PDF/A-2b."""
    return _soffice(STATEMENT, 'pdf:writer_pdf_Export:{"SelectPdfVersion":{"type":"long","value":"2"}}')


def chromium() -> bytes:
    """A receipt printed by Chromium."""
    with tempfile.TemporaryDirectory() as folder:
        page, made = Path(folder, "kuitansi.html"), Path(folder, "kuitansi.pdf")
        page.write_text(RECEIPT, encoding="utf-8")
        _run(
            "chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/profile",
            "--no-pdf-header-footer", f"--print-to-pdf={made}", page.as_uri(),
        )  # fmt: skip
        return made.read_bytes()


def scan() -> bytes:
    """A skewed, noisy "scan" of a certificate: one JPEG on one page."""
    chance = random.Random(17)
    size = (1240, 1754)
    sheet = Image.new("L", size, 247)
    draw = ImageDraw.Draw(sheet)
    draw.rectangle((60, 60, size[0] - 60, size[1] - 60), outline=90, width=6)
    lines = (
        (BOLD, 62, "IJAZAH"), (SERIF, 34, "Sekolah Menengah Atas Contoh Nusantara"),
        (SERIF, 30, "menyatakan bahwa"),
        (BOLD, 48, "Made Ayu Contohwati"), (SERIF, 30, "lahir di Singaraja, 12 Mei 2004"),
        (SERIF, 30, "dinyatakan LULUS dari satuan pendidikan"), (SERIF, 30, "pada tanggal 5 Mei 2022"),
    )  # fmt: skip
    for row, (font, points, words) in enumerate(lines):
        face = ImageFont.truetype(str(font), points)
        draw.text((size[0] / 2, 330 + 130 * row), words, font=face, fill=30, anchor="mm")
    noise = Image.frombytes("L", (310, 438), bytes(chance.randrange(200, 256) for _ in range(310 * 438)))
    sheet = Image.blend(sheet, noise.resize(size), 0.12).rotate(0.8, fillcolor=225)
    shot = io.BytesIO()
    sheet.filter(ImageFilter.GaussianBlur(0.7)).save(shot, "JPEG", quality=60)
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4)
    canvas.drawImage(ImageReader(shot), 0, 0, *A4)
    canvas.save()
    return out.getvalue()


def signed() -> bytes:
    """The LibreOffice statement, signed by a stranger's key (pyHanko, visible field, PAdES B-B)."""
    key, certificate = _stranger()
    signer = signers.SimpleSigner(
        signing_cert=certificate, signing_key=key, cert_registry=SimpleCertificateStore()
    )
    terms = signers.PdfSignatureMetadata(
        field_name="TandaTanganPihakLain", reason="Saya menyetujui", subfilter=SigSeedSubFilter.PADES
    )
    writer = IncrementalPdfFileWriter(io.BytesIO((DATA / "surat-pernyataan-libreoffice.pdf").read_bytes()))
    field = SigFieldSpec(sig_field_name="TandaTanganPihakLain", box=(330, 130, 500, 190))
    out = signers.PdfSigner(terms, signer=signer, new_field_spec=field).sign_pdf(writer)
    return bytes(out.getbuffer())


def rotated() -> bytes:
    """A landscape table stored upright: /Rotate 90, MediaBox and CropBox away from the origin."""
    out = io.BytesIO()
    canvas = _canvas(out, "Daftar Hadir", size=(595, 842))
    canvas.translate(595, 0)
    canvas.rotate(90)
    canvas.setFont("Bold", 18)
    canvas.drawString(60, 520, "DAFTAR HADIR RAPAT WARGA RT 04 DESA CONTOH")
    canvas.setFont("Serif", 12)
    for row in range(14):
        canvas.rect(60, 470 - 28 * row, 700, 28)
        canvas.drawString(70, 480 - 28 * row, f"{row + 1}.   Warga Contoh {row + 1}")
    canvas.save()
    with pikepdf.open(io.BytesIO(out.getvalue())) as pdf:
        page = pdf.pages[0]
        shift = f"q 1 0 0 1 100 50 cm {page.Contents.read_bytes().decode('latin-1')} Q".encode("latin-1")
        page.Contents = pdf.make_stream(shift)
        page.MediaBox = pikepdf.Array([100, 50, 695, 892])
        page.CropBox = pikepdf.Array([120, 70, 675, 872])
        page.Rotate = 90
        made = io.BytesIO()
        pdf.save(made, object_stream_mode=pikepdf.ObjectStreamMode.generate, deterministic_id=True)
    return made.getvalue()


def encrypted() -> bytes:
    """The letter, encrypted with AES-256 and an empty user password, as "print only" files are."""
    out = io.BytesIO()
    with pikepdf.open(DATA / "surat-lamaran.pdf") as pdf:
        allow = pikepdf.Permissions(modify_other=False, extract=False)
        pdf.save(out, encryption=pikepdf.Encryption(owner="pemilik", user="", R=6, allow=allow))
    return out.getvalue()


SAMPLES: dict[str, Callable[[], bytes]] = {
    "surat-lamaran.pdf": letter,
    "perjanjian-sewa-formulir.pdf": agreement,
    "surat-pernyataan-libreoffice.pdf": libreoffice,
    "surat-pernyataan-pdfa.pdf": libreoffice_pdfa,
    "kuitansi-chromium.pdf": chromium,
    "ijazah-pindaian.pdf": scan,
    "surat-pernyataan-sudah-ditandatangani.pdf": signed,
    "daftar-hadir-diputar.pdf": rotated,
    "surat-lamaran-terenkripsi.pdf": encrypted,
}


def _canvas(out: io.BytesIO, title: str, size: tuple[float, float] = A4) -> Canvas:
    pdfmetrics.registerFont(TTFont("Serif", SERIF))
    pdfmetrics.registerFont(TTFont("Bold", BOLD))
    canvas = Canvas(out, pagesize=size, invariant=1)
    canvas.setTitle(title)
    return canvas


def _soffice(html: str, filter_name: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "surat.html").write_text(html, encoding="utf-8")
        _run(
            "soffice", "--headless", f"-env:UserInstallation=file://{folder}/profile",
            "--infilter=HTML (StarWriter)", "--convert-to", filter_name, "--outdir", folder,
            f"{folder}/surat.html",
        )  # fmt: skip
        return Path(folder, "surat.pdf").read_bytes()


def _run(program: str, *arguments: str) -> None:
    found = shutil.which(program)
    if found is None:
        raise SystemExit(f"{program} is not installed")
    subprocess.run([found, *arguments], check=True, timeout=180, capture_output=True)


def _stranger() -> tuple[object, object]:
    """A key and a self-signed certificate of nobody we know, as pyHanko wants them."""
    from asn1crypto import keys as asn1_keys, x509 as asn1_x509

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Bagas Prasetyo Wibisono (tokoh rekaan)")])
    now = datetime(2026, 11, 20, tzinfo=UTC)
    usage = x509.KeyUsage(True, True, False, False, False, False, False, False, False)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(17).not_valid_before(now).not_valid_after(now + timedelta(days=3650))
    certificate = builder.add_extension(usage, critical=True).sign(key, hashes.SHA256())
    pkcs8 = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    der = certificate.public_bytes(serialization.Encoding.DER)
    return asn1_keys.PrivateKeyInfo.load(pkcs8), asn1_x509.Certificate.load(der)


def main() -> None:
    """Make the samples named, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    wanted = parser.parse_args().names or list(SAMPLES)
    for name in wanted:
        made = SAMPLES[name]()
        (DATA / name).write_bytes(made)
        sys.stdout.write(f"{name}: {len(made)} bytes\n")


if __name__ == "__main__":
    main()
