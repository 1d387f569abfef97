"""Genuine documents of all kinds, decided by a seed: what is on the page, how it is written, who stamps."""
# mypy: allow-untyped-calls

from __future__ import annotations

import functools
import io
import os
import random
import string
from dataclasses import dataclass
from datetime import timedelta

import pikepdf

from bubuh.pdf.seal.pki import development_pki
from tests.pdf.conftest import DATA, NOW, Desk

#: Another seed, other documents and other mutants: BUBUH_SEED=7 ./test
SEED = os.environ.get("BUBUH_SEED", "2026-11-22")
ALGORITHMS = ("p256", "p256", "rsa2048", "rsa3072")
LETTERS = string.digits + string.ascii_uppercase
SAMPLES = tuple(sorted(DATA.glob("*.pdf")))


@dataclass(frozen=True)
class Genuine:
    """A stamped document, what it was after each stamp, and the desk that stamped it."""

    document: bytes
    earlier: tuple[bytes, ...]
    desk: Desk
    what: str


@functools.cache
def desk_of(algorithm: str) -> Desk:
    return Desk.open(development_pki(NOW - timedelta(days=30), algorithm=algorithm))  # type: ignore[arg-type]


def genuine(number: int, *, most_stamps: int = 3) -> Genuine:
    """The document of that `number`."""
    chance = random.Random(f"{SEED} document {number}")
    desk = desk_of(chance.choice(ALGORITHMS))
    document, what = _original(chance)
    states = [document]
    for _ in range(chance.randint(1, most_stamps)):
        place = {
            "x_pt": chance.uniform(0, 150),
            "y_pt": chance.uniform(0, 150),
            "side_pt": chance.uniform(40, 120),
        }
        serial_no = "".join(chance.choices(LETTERS, k=22))
        states.append(desk.affix(states[-1], serial_no, page=1, **place))
    return Genuine(
        states[-1], tuple(states[:-1]), desk, f"{what}, {desk.chain.algorithm}, {len(states) - 1} stamps"
    )


def _original(chance: random.Random) -> tuple[bytes, str]:
    if chance.random() < 0.3:
        path = chance.choice(SAMPLES)
        return path.read_bytes(), path.name
    pdf = pikepdf.new()
    for _ in range(chance.randint(1, 4)):
        _add_page(pdf, chance)
    if chance.random() < 0.3:
        field = pikepdf.Dictionary(FT=pikepdf.Name.Tx, T=pikepdf.String("nama"), V=pikepdf.String("Siti"))
        pdf.Root.AcroForm = pikepdf.Dictionary(Fields=[pdf.make_indirect(field)])
    modes = pikepdf.ObjectStreamMode
    saving: dict[str, object] = {
        "object_stream_mode": chance.choice((modes.disable, modes.generate)),
        "linearize": chance.random() < 0.2,
        "compress_streams": chance.random() < 0.5,
    }
    if chance.random() < 0.15:
        saving["encryption"] = pikepdf.Encryption(owner="p", user="", R=chance.choice((4, 6)))
    out = io.BytesIO()
    pdf.save(out, **saving)  # type: ignore[arg-type]
    return out.getvalue(), f"made {saving}"


def _add_page(pdf: pikepdf.Pdf, chance: random.Random) -> None:
    left, low = chance.choice(((0, 0), (-20, 30), (100, 100)))
    page = pdf.add_blank_page(page_size=(100, 100)).obj
    page.MediaBox = [left, low, left + chance.randint(300, 900), low + chance.randint(300, 900)]
    if chance.random() < 0.3:
        page.CropBox = [left + 5, low + 5, left + 295, low + 295]
    if chance.random() < 0.4:
        page.Rotate = chance.choice((90, 180, 270, -90))
    if chance.random() < 0.1:
        page.UserUnit = chance.choice((2, 1.5))
    if chance.random() < 0.3:
        note = pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Link, Rect=[0, 0, 9, 9])
        annots = pikepdf.Array([pdf.make_indirect(note)])
        page.Annots = pdf.make_indirect(annots) if chance.random() < 0.5 else annots
    drawn = " ".join(f"{chance.random():.3f} g {chance.randint(0, 200)} 9 99 50 re f" for _ in range(40))
    page.Contents = pdf.make_stream(drawn.encode())
