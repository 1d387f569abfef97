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
from bubuh.pdf.intake import inspect
from bubuh.pdf.pki import Pki
from bubuh.pdf.refusals import DocumentRefused
from tests.pdf.conftest import OTHER_SERIAL, SERIAL, Desk

MEMORY_BYTES = 2 << 30
SECONDS = 30
WORKERS = 2


class Unfit(Exception):
    """A file came out stamped, and somebody finds fault with it."""


def stamp_or_refuse(document: bytes, desk: Desk) -> str:
    """`stamped`, or `refused:` and the code; whatever else comes out is a fault and raises.

    A stamped file is genuine to our judge, valid to pyHanko, and qpdf has nothing to say about it that it did
    not say about the original; and it takes a second stamp, after which both are genuine.
    """
    try:
        inspect(document)
        stamped = desk.affix(document, x_pt=0, y_pt=0, side_pt=40)
    except DocumentRefused as refused:
        return f"refused:{refused.reason}"
    except Refusal as refused:
        return f"refused:{refused.code}"
    if not desk.judge(stamped).is_genuine:
        raise Unfit(f"our judge: {desk.judge(stamped)}")
    if not _valid_to_pyhanko(stamped, desk):
        raise Unfit("pyHanko")
    twice = desk.affix(stamped, OTHER_SERIAL, x_pt=0, y_pt=0, side_pt=40)
    if inspect(stamped).earlier_stamps != (SERIAL,) or not desk.judge(twice).is_genuine:
        raise Unfit(f"a second stamp: {desk.judge(twice)}")
    if (complaint := _qpdf(stamped)) and not _qpdf(document):
        raise Unfit(f"qpdf: {complaint}")
    return "stamped"


def stamp_all(paths: Sequence[Path], desk: Desk) -> tuple[Counter[str], dict[str, str]]:
    """How many ended how, and the files that ended in no allowed way."""
    counts: Counter[str] = Counter()
    faults: dict[str, str] = {}
    with ProcessPoolExecutor(WORKERS, get_context("fork"), _limit) as pool:
        for path, outcome in zip(
            paths, pool.map(_one, ((path, desk.pki) for path in paths), chunksize=1), strict=True
        ):
            counts[outcome if outcome.startswith(("stamped", "refused:")) else "fault"] += 1
            if not outcome.startswith(("stamped", "refused:")):
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
