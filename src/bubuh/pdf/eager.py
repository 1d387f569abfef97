"""Import now what the libraries would import later.

The engine runs in processes that gave up their rights and can open no module's file any more; there a late
import would fail and look like a damaged document. A test holds this list complete over all samples.
"""

from __future__ import annotations

import codecs
import importlib
from typing import Final

_LATE: Final = (
    "cryptography.hazmat.backends.openssl.backend",
    "lxml.etree",
    "pikepdf.models",
    "pyhanko.keys",
    "pyhanko.keys.internal",
    "pyhanko.pdf_utils.crypt._saslprep",
    "pyhanko.pdf_utils.crypt.pdfmac",
    "pyhanko.pdf_utils.filters",
    "pyhanko.pdf_utils.metadata.xmp_xml",
    "pyhanko.sign.signers.pdf_cms",
    "pyhanko.sign.validation.dss",
)
_CODECS: Final = (
    "ascii",
    "latin-1",
    "cp1252",
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-be",
    "utf-16-le",
    "utf-32-be",
    "idna",
)

for _module in _LATE:
    importlib.import_module(_module)
for _codec in _CODECS:
    codecs.lookup(_codec)
