"""The usual library as its manual shows it: `PdfSigner` with a QR stamp style, the signer loaded once.

Nothing of it is tuned, and nothing is slowed down. Its QR codes come from the package `qrcode`, which we do
not carry; segno, which does the same work in the same time (all eight masks tried, in Python), stands in.
"""
# mypy: allow-untyped-calls

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import segno
from asn1crypto.x509 import Certificate
from pyhanko.keys import load_private_key_from_pemder_data
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.writer import init_xobject_dictionary
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.stamp import QRStamp, QRStampStyle
from pyhanko_certvalidator.registry import SimpleCertificateStore

from bubuh.pdf.model import Intent
from bubuh.pdf.seal.pki import Pki

_BOX: Final = (400, 20, 550, 90)  #: beside the text: the library gives its face no ground of its own
_MODULE: Final = 10  #: units of the drawing a module is wide, and the border in modules: as `qrcode` has them
_BORDER: Final = 4


def default_path(document: bytes, pki: Pki) -> Callable[[Intent], bytes]:
    """What stamps `document` with the library alone, under the intent's field name and address."""
    signer = _signer(pki)

    def stamp(intent: Intent) -> bytes:
        metadata = PdfSignatureMetadata(
            field_name=intent.field_name, md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES
        )
        field = SigFieldSpec(intent.field_name, on_page=intent.place.page - 1, box=_BOX)
        signing = PdfSigner(metadata, signer, stamp_style=_Style(), new_field_spec=field)
        writer = IncrementalPdfFileWriter(io.BytesIO(document))
        out = signing.sign_pdf(writer, appearance_text_params={"url": intent.qr_payload})
        assert isinstance(out, io.BytesIO), "the library writes to memory unless told otherwise"
        return out.getvalue()

    return stamp


def _signer(pki: Pki) -> SimpleSigner:
    issuing = SimpleCertificateStore()
    issuing.register(Certificate.load(pki.issuing_certificate))
    return SimpleSigner(
        signing_cert=Certificate.load(pki.seal_certificate),
        signing_key=load_private_key_from_pemder_data(pki.seal_key, passphrase=None),
        cert_registry=issuing,
    )


@dataclass(frozen=True)
class _Style(QRStampStyle):
    """The library's style, all defaults, with the other source of QR codes."""

    def create_stamp(self, writer: Any, box: Any, text_params: dict[str, Any]) -> QRStamp:
        return _Stamp(writer, style=self, url=text_params.pop("url"), text_params=text_params, box=box)


class _Stamp(QRStamp):
    def _qr_xobject(self) -> tuple[Any, int]:
        """Each dark module a rectangle, level M, the best of the eight masks: as the library has it drawn."""
        rows = tuple(segno.make(self.url, error="m", micro=False, boost_error=False).matrix)
        side = _MODULE * (len(rows) + 2 * _BORDER)
        drawn = [b"0 0 0 rg\n0 0 0 RG", b"%d 0 0 %d %d %d cm" % self._upside_down(len(rows))]
        drawn += (
            b"%g %g 1 1 re" % (column, row)
            for row, modules in enumerate(rows)
            for column, module in enumerate(modules)
            if module
        )
        face = init_xobject_dictionary(b"\n".join((*drawn, b"f")), side, side)
        face.compress()
        assert self.writer is not None, "a stamp is drawn into a document"
        return self.writer.add_object(face), side

    @staticmethod
    def _upside_down(modules: int) -> tuple[int, int, int, int]:
        border = _BORDER * _MODULE
        return _MODULE, -_MODULE, border, border + modules * _MODULE
