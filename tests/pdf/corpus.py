"""Stamp files of other people's test sets under limits of time and memory, and tell how each ended."""

from __future__ import annotations

import functools
import io
import resource
import shutil
import signal
import subprocess
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from asn1crypto import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from bubuh.core.errors import Refusal
from bubuh.pdf.geometry import seen_size
from bubuh.pdf.intake.inspection import inspect
from bubuh.pdf.intake.repair import repair
from bubuh.pdf.refusals import DocumentRefused, may_be_repaired
from bubuh.pdf.seal.pki import Pki
from tests.pdf.conftest import OTHER_SERIAL, SERIAL, Desk
from tests.pdf.pixels import changed_outside

SIDE = 40.0  #: of the face, in the top left corner of the first page
ENDS = ("stamped", "repaired", "refused:")
MEMORY_BYTES = 2 << 30
SECONDS = 30
WORKERS = 2


class Unfit(Exception):
    """A file came out stamped, and somebody finds fault with it."""


def stamp_or_refuse(document: bytes, desk: Desk) -> str:
    """`stamped`, `repaired`, or `refused:` and the code; whatever else comes out is a fault and raises.

    A stamped file is genuine to our judge, valid to pyHanko and pdfsig, qpdf has nothing to say about it that
    it did not say about the original, and no renderer sees a pixel changed outside the face; and it takes a
    second stamp, after which both are genuine.
    """
    try:
        original, document = document, base_of(document)
        stamped = desk.affix(document, x_pt=0, y_pt=0, side_pt=SIDE)
    except DocumentRefused as refused:
        return f"refused:{refused.reason}"
    except Refusal as refused:
        return f"refused:{refused.code}"
    if not desk.judge(stamped).is_genuine:
        raise Unfit(f"our judge: {desk.judge(stamped)}")
    if not _valid_to_pyhanko(stamped, desk):
        raise Unfit("pyHanko")
    twice = desk.affix(stamped, OTHER_SERIAL, x_pt=0, y_pt=0, side_pt=SIDE)
    if inspect(stamped).earlier_stamps != (SERIAL,) or not desk.judge(twice).is_genuine:
        raise Unfit(f"a second stamp: {desk.judge(twice)}")
    if (complaint := _qpdf(stamped)) and not _qpdf(document):
        raise Unfit(f"qpdf: {complaint}")
    if (said := pdfsig(stamped)) is not None and said[-1:] != ["Signature is Valid."]:
        raise Unfit(f"pdfsig: {said}")
    if changed := changed_outside(document, stamped, SIDE / seen_size(inspect(document).boxes[0])[0]):
        raise Unfit(f"pixels changed outside the face: {changed}")
    return "stamped" if document is original else "repaired"


def base_of(document: bytes) -> bytes:
    """What is stamped: the document, or what repair makes of it; raises as inspection and repair do."""
    try:
        inspect(document)
    except DocumentRefused as refused:
        if not may_be_repaired(refused):
            raise
        return repair(document).document
    return document


def stamp_all(paths: Sequence[Path], desk: Desk) -> tuple[Counter[str], dict[str, str]]:
    """How many ended how, and the files that ended in no allowed way."""
    counts: Counter[str] = Counter()
    faults: dict[str, str] = {}
    with ProcessPoolExecutor(WORKERS, get_context("fork"), _limit) as pool:
        for path, outcome in zip(
            paths, pool.map(_one, ((path, desk.pki) for path in paths), chunksize=1), strict=True
        ):
            counts[outcome if outcome.startswith(ENDS) else "fault"] += 1
            if not outcome.startswith(ENDS):
                faults[str(path)] = outcome
    return counts, faults


def inspect_all(paths: Sequence[Path]) -> Counter[str]:
    """How many files inspection refuses or flags, by code; `passed` are those that may be stamped."""
    with ProcessPoolExecutor(WORKERS, get_context("fork"), _limit) as pool:
        return Counter(code for codes in pool.map(_codes, paths, chunksize=1) for code in codes)


def _codes(path: Path) -> tuple[str, ...]:
    signal.alarm(SECONDS)
    try:
        return ("passed", *(f"flag:{flag}" for flag in inspect(path.read_bytes()).flags))
    except DocumentRefused as refused:
        return (f"refused:{refused.reason}",)
    finally:
        signal.alarm(0)


@functools.lru_cache(maxsize=1)
def _desk_of(pki: Pki) -> Desk:
    return Desk.open(pki)


def _one(task: tuple[Path, Pki]) -> str:
    path, pki = task
    signal.alarm(SECONDS)
    try:
        return stamp_or_refuse(path.read_bytes(), _desk_of(pki))
    except Exception as error:  # noqa: BLE001 - any exception is what this looks for
        return f"{type(error).__name__}: {error}"
    finally:
        signal.alarm(0)


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    signal.signal(signal.SIGALRM, _too_long)


def _too_long(_number: int, _frame: Any) -> None:
    raise TimeoutError(f"more than {SECONDS} s")


def _valid_to_pyhanko(document: bytes, desk: Desk) -> bool:
    reader = PdfFileReader(io.BytesIO(document))
    if reader.encrypted:
        reader.decrypt("")
    roots = [x509.Certificate.load(root) for root in desk.trust.roots]
    ours = [found for found in reader.embedded_signatures if found.field_name.startswith("Stamp_")][-1]
    believed = ValidationContext(trust_roots=roots, moment=desk.trust.now)
    return bool(validate_pdf_signature(ours, believed).bottom_line)


def _qpdf(document: bytes) -> str:
    program = shutil.which("qpdf")
    if program is None:
        return ""
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        file.write(document)
        file.flush()
        command = [program, "--check", file.name]
        done = subprocess.run(command, capture_output=True, text=True, check=False, errors="replace")
    return "" if done.returncode == 0 else done.stderr or done.stdout


def pdfsig(document: bytes) -> list[str] | None:
    """What pdfsig says of each signature, the newest last; None when it is not here, or gives the file up."""
    program = shutil.which("pdfsig")
    if program is None:
        return None
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        file.write(document)
        file.flush()
        command = [program, "-nocert", file.name]
        done = subprocess.run(command, capture_output=True, text=True, check=False, errors="replace")
    lines = (line.strip() for line in done.stdout.splitlines())
    said = [line.partition(": ")[2] for line in lines if line.startswith("- Signature Validation: ")]
    return said or None
