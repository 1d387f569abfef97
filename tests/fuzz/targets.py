"""What a fuzzer throws bytes at: each target takes any bytes and fails only by an AssertionError or a crash.

`run.py` gives them to atheris; `test_targets.py` gives them some documents without it.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress

from bubuh.core.errors import Refusal
from bubuh.pdf.intake.inspection import inspect
from bubuh.pdf.judge.several import read_stamps
from bubuh.pdf.judge.verdict import judge
from bubuh.pdf.lean.declined import Declined
from bubuh.pdf.lean.engine import plan_lean
from bubuh.pdf.lean.stamped import last_seal
from bubuh.pdf.model import RANK, Judgement
from bubuh.pdf.plan import plan
from bubuh.pdf.seal.sha256 import digest_after, state_of
from tests.attacks.genuine import SAMPLES, desk_of
from tests.pdf.conftest import SERIAL, Desk

Target = Callable[[bytes], object]


@functools.cache
def a_desk() -> Desk:
    return desk_of("p256")


@functools.cache
def seeds() -> tuple[bytes, ...]:
    """Documents as they are, stamped once, and stamped twice; small ones."""
    originals = [path.read_bytes() for path in SAMPLES]
    small = sorted(originals, key=len)[:5]
    stamped = [a_desk().affix(document, x_pt=0, y_pt=0, side_pt=40) for document in small]
    return (*small, *stamped)


@functools.cache
def known() -> frozenset[bytes]:
    """The digests of what is genuine."""
    return frozenset(hashlib.sha256(seed).digest() for seed in seeds())


def reader(data: bytes) -> None:
    """The lean engine plans or declines; nothing else comes out, and nothing of the document is lost."""
    try:
        increment = plan_lean(data, a_desk().intent(x_pt=0, y_pt=0, side_pt=40), a_desk().chain)
    except Declined:
        return
    covered = hashlib.sha256(data + increment.pre + increment.post).digest()
    assert increment.digest == covered, "the digest is over other bytes"
    hidden = b" /Encrypt " in increment.post
    assert hidden or SERIAL.encode() in increment.pre, "a stamp without its serial number"


def stamped(data: bytes) -> None:
    """The lean checker reads a stamp or declines."""
    try:
        *_, found = read_stamps(data, last_seal(data))
    except Declined:
        return
    assert found.sealed.stop == len(data), "a stamp that does not cover the file"


def intake(data: bytes) -> None:
    """Inspecting and planning give facts, or refuse."""
    with suppress(Refusal):
        inspect(data)
        plan(data, a_desk().intent(x_pt=0, y_pt=0, side_pt=40), a_desk().chain)


def judging(data: bytes) -> None:
    """The judge always answers, and calls genuine only what is."""
    said = judge(data, a_desk().trust)
    assert isinstance(said, Judgement), "no judgement"
    assert said.indication in RANK, "no indication"
    assert said.reasons or said.is_genuine, "a verdict without a reason"
    assert not said.is_genuine or hashlib.sha256(data).digest() in known(), "a forgery is called genuine"


def midstate(data: bytes) -> None:
    """A hash that goes on from anywhere is the hash."""
    at = data[0] * len(data) // 256 if data else 0
    assert digest_after(state_of(data[:at]), data[at:]) == hashlib.sha256(data).digest(), "another digest"


TARGETS: Mapping[str, Target] = {
    "reader": reader,
    "stamped": stamped,
    "intake": intake,
    "judge": judging,
    "midstate": midstate,
}
