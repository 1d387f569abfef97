"""Content-Disposition, both ways. Source: RFC 6266, RFC 8187."""

from __future__ import annotations

import re
import unicodedata
from typing import Final
from urllib.parse import quote, unquote_to_bytes

LONGEST_NAME: Final = 200  #: characters
UNNAMED: Final = "dokumen.pdf"

_EXTENDED: Final = re.compile(r"filename\*\s*=\s*utf-8'[^']*'([^;\s]+)", re.IGNORECASE)
_QUOTED: Final = re.compile(r'filename\s*=\s*"((?:[^"\\]|\\.)*)"', re.IGNORECASE)
_TOKEN: Final = re.compile(r'filename\s*=\s*([^\s";]+)', re.IGNORECASE)


def read_name(header: str | None) -> str:
    """The file's own name, its folders and control characters taken off; `UNNAMED` when there is none."""
    return tidy(_given(header or ""))


def attachment(name: str) -> str:
    """The header that has a browser save the body as `name`, in every script."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = re.sub(r'["\\%]', "_", plain).strip() or UNNAMED
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def stamped_name(original: str) -> str:
    """What a stamped document is called: `surat.pdf` becomes `surat-bermeterai.pdf`."""
    stem = original[:-4] if original.lower().endswith(".pdf") else original
    return f"{stem or 'dokumen'}-bermeterai.pdf"


def _given(header: str) -> str:
    if (match := _EXTENDED.search(header)) is not None:
        return unquote_to_bytes(match[1]).decode("utf-8", "replace")
    if (match := _QUOTED.search(header)) is not None:
        return _from_latin(re.sub(r"\\(.)", r"\1", match[1]))
    if (match := _TOKEN.search(header)) is not None:
        return _from_latin(match[1])
    return ""


def _from_latin(text: str) -> str:
    """Headers arrive as Latin-1; most clients mean UTF-8."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def tidy(name: str) -> str:
    """A file's name without folders and control characters; `UNNAMED` when nothing is left."""
    base = re.split(r"[/\\]", name)[-1]
    shown = "".join(sign for sign in base if unicodedata.category(sign)[0] != "C").strip(" .")
    if len(shown) > LONGEST_NAME:
        shown = shown[: LONGEST_NAME - 4] + ".pdf"
    return shown or UNNAMED
