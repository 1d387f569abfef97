"""The documents stamped in a bench: three kinds that people upload, made here, the same every time."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import pikepdf

from bubuh.bench.jpeg import noise_jpeg
from bubuh.pdf.plain_file import plain_file

A4: Final = (595, 842)

_SEED: Final = 2711
_LINES: Final = 48
_FONT_BYTES: Final = 19_900
_SENTENCES: Final = (
    "Yang bertanda tangan di bawah ini menyatakan bahwa surat ini dibuat dengan sebenarnya,",
    "untuk melengkapi syarat lamaran pekerjaan pada instansi pemerintah,",
    "dan bersedia menerima sanksi menurut ketentuan yang berlaku bila ternyata tidak benar.",
    "Demikian agar dapat digunakan sebagaimana mestinya.",
)


def text_page() -> bytes:
    """One page of text with a font program carried along: about 25 KB, a table of cross-references.

    The text is set in a font that every reader has; the carried program is of the size of a subset, a
    TrueType head with noise after it, and no text uses it.
    """
    rng = random.Random(_SEED)
    program = b"\0\1\0\0".ljust(12, b"\0") + rng.randbytes(_FONT_BYTES)
    font = (
        b"<< /Type /Font /Subtype /TrueType /BaseFont /AAAAAA+Carried /FirstChar 32 /LastChar 32"
        b" /Widths [278] /FontDescriptor 7 0 R >>"
    )
    descriptor = (
        b"<< /Type /FontDescriptor /FontName /AAAAAA+Carried /Flags 4 /FontBBox [0 -200 1000 900]"
        b" /ItalicAngle 0 /Ascent 900 /Descent -200 /CapHeight 700 /StemV 80 /FontFile2 8 0 R >>"
    )
    return plain_file(
        (
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Contents 4 0 R"
            b" /Resources << /Font << /F1 5 0 R /F2 6 0 R >> >> >>" % A4,
            _stream(b"", _letter(rng)),
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
            font,
            descriptor,
            _stream(b"/Length1 %d " % len(program), program),
        )
    )


def pictures_in_object_streams(pages: int = 5) -> bytes:
    """Five pages with a picture each: about 350 KB, object streams and a cross-reference stream."""
    rng = random.Random(_SEED)
    pdf = pikepdf.new()
    font = pdf.make_indirect(
        pikepdf.Dictionary(
            Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica
        )
    )
    for number in range(pages):
        page = pdf.add_blank_page(page_size=A4)
        picture = pdf.make_stream(noise_jpeg(blocks_wide=54, blocks_high=55, seed=_SEED + number))
        picture.stream_dict = pikepdf.Dictionary(
            Type=pikepdf.Name.XObject,
            Subtype=pikepdf.Name.Image,
            Width=432,
            Height=440,
            ColorSpace=pikepdf.Name.DeviceGray,
            BitsPerComponent=8,
            Filter=pikepdf.Name.DCTDecode,
        )
        page.obj.Resources = pikepdf.Dictionary(
            Font=pikepdf.Dictionary(F1=font), XObject=pikepdf.Dictionary(P=picture)
        )
        page.obj.Contents = pdf.make_stream(_letter(rng, lines=12) + b"q 432 0 0 440 80 100 cm /P Do Q\n")
    out = io.BytesIO()
    pdf.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate, deterministic_id=True)
    return out.getvalue()


def scan() -> bytes:
    """One page that is one picture: about 1.4 MB, a table of cross-references."""
    wide, high = 207, 293  # A4 at 200 dots an inch
    picture = noise_jpeg(blocks_wide=wide, blocks_high=high, seed=_SEED)
    image = (
        b"/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 8"
        b" /Filter /DCTDecode " % (8 * wide, 8 * high)
    )
    return plain_file(
        (
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Contents 4 0 R"
            b" /Resources << /XObject << /P 5 0 R >> >> >>" % A4,
            _stream(b"", b"q %d 0 0 %d 0 0 cm /P Do Q\n" % A4),
            _stream(image, picture),
        )
    )


FILES: Final[Mapping[str, Callable[[], bytes]]] = MappingProxyType(
    {"text-25k": text_page, "objstm-350k": pictures_in_object_streams, "scan-1.4m": scan}
)


def _letter(rng: random.Random, lines: int = _LINES) -> bytes:
    """The content stream of a page of sentences."""
    said = b"".join(f"({line}) Tj T*\n".encode() for line in rng.choices(_SENTENCES, k=lines))
    return b"BT /F1 11 Tf 60 780 Td 14 TL\n" + said + b"ET\n"


def _stream(entries: bytes, body: bytes) -> bytes:
    return b"<< %s/Length %d >>\nstream\n%s\nendstream" % (entries, len(body), body)
