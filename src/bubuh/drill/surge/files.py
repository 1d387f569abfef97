"""What people send: a letter, or a page that takes for ever to draw."""

from __future__ import annotations

from typing import Final

from bubuh.drill.letter import letter as honest
from bubuh.pdf.plain_file import plain_file

__all__ = ["honest", "hostile"]

_DEPTH: Final = 9
_TIMES: Final = 10


def hostile(words: str) -> bytes:
    """A page that draws a form ten times, which draws the next one ten times, nine deep.

    Its structure is sound; who draws it is busy until stopped.
    """
    first = 4
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R "
        b"/Resources << /XObject << /N %d 0 R >> >> >>" % (first + _DEPTH, first),
    ]
    for depth in range(_DEPTH):
        is_last = depth == _DEPTH - 1
        drawing = b"0 0 m 595 842 l S\n" * _TIMES if is_last else b"/N Do\n" * _TIMES
        inner = b"" if is_last else b"/XObject << /N %d 0 R >>" % (first + depth + 1)
        objects.append(
            b"<< /Type /XObject /Subtype /Form /BBox [0 0 595 842] /Resources << %s >> /Length %d >>\n"
            b"stream\n%sendstream" % (inner, len(drawing), drawing)
        )
    content = b"%% %s\n/N Do\n" % words.encode("ascii")
    objects.append(b"<< /Length %d >>\nstream\n%sendstream" % (len(content), content))
    return plain_file(objects)
