"""Files within the file: a program among them is refused, by its name or by its first bytes."""

from __future__ import annotations

import zlib
from typing import Any, Final

import pikepdf

from bubuh.pdf.refusals import DocumentRefused, Reason

_HEAD_BYTES: Final = 64
#: What systems start, install or run when it is opened, by the end of its name.
_PROGRAMS: Final = frozenset(
    """
    ade adp apk app appx bas bat chm cmd com cpl deb dll dmg docm dotm elf exe gadget hta inf
    ins iso jar jnlp js jse lnk mde msc msi msix msp mst ocx pif pkg potm ppam ppsm pptm ps1 psm1 py reg
    rpm run scr sct sh so swf sys url vb vbe vbs vhd vhdx wsc wsf wsh xlam xlsm xltm
    """.split()  # noqa: SIM905  by letters, not in a column
)
_MAGIC: Final = (
    b"MZ",  # Windows
    b"\x7fELF",  # Linux
    b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe",  # macOS
    b"\xca\xfe\xba\xbe",  # macOS, Java
    b"#!",  # scripts
    b"L\0\0\0\x01\x14\x02\0",  # Windows shortcuts
    b"CWS", b"FWS", b"ZWS",  # Flash
    b"dex\n",  # Android
    b"!<arch>\ndebian", b"\xed\xab\xee\xdb",  # packages
)  # fmt: skip


def refuse_program(holder: Any) -> None:
    """Refuse a file specification, or an embedded file, that is a program; raises `DocumentRefused`."""
    for name in _names(holder):
        _base, dot, ending = name.rstrip(". \0").lower().rpartition(".")
        if dot and ending in _PROGRAMS:
            raise DocumentRefused(reason=Reason.EMBEDDED_PROGRAM, ending=ending)
    for stream in _streams(holder):
        if _head(stream).startswith(_MAGIC):
            raise DocumentRefused(reason=Reason.EMBEDDED_PROGRAM)


def _names(holder: Any) -> list[str]:
    written = (holder.get(key) for key in ("/F", "/UF", "/DOS", "/Mac", "/Unix"))
    return [str(name) for name in written if isinstance(name, pikepdf.String)]


def _streams(holder: Any) -> list[pikepdf.Stream]:
    if isinstance(holder, pikepdf.Stream):
        return [holder]
    return [stream for stream in holder["/EF"].values() if isinstance(stream, pikepdf.Stream)]


def _head(stream: pikepdf.Stream) -> bytes:
    """The first bytes of what is embedded; under a filter that nobody uses for files, as they are."""
    raw = stream.read_raw_bytes()
    if not any(name == pikepdf.Name.FlateDecode for name in filters_of(stream)):
        return bytes(raw[:_HEAD_BYTES])
    try:
        return zlib.decompressobj().decompress(raw, _HEAD_BYTES)
    except zlib.error:
        return b""


def filters_of(stream: pikepdf.Stream) -> list[Any]:
    """The names of a stream's filters, the first to be undone first."""
    found = stream.get("/Filter")
    if isinstance(found, pikepdf.Array):
        return list(found)
    return [] if found is None else [found]
