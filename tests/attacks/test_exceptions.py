"""Whatever a library throws, wherever it throws it: a caller gets facts, a verdict or a refusal."""
# mypy: allow-untyped-calls

from __future__ import annotations

import builtins
import importlib
import pkgutil
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from types import ModuleType
from typing import Any

import asn1crypto
import cryptography.exceptions
import cryptography.x509
import pikepdf
import pyhanko
import pyhanko_certvalidator
import pytest
from hypothesis import given, settings, strategies as st

from bubuh.core.errors import Refusal
from bubuh.pdf.intake.inspection import inspect
from bubuh.pdf.judge.lean import judge_lean
from bubuh.pdf.judge.verdict import judge
from bubuh.pdf.model import Judgement
from bubuh.pdf.plan import plan
from bubuh.pdf.rehearse import rehearse
from tests.attacks.conftest import sample
from tests.pdf.conftest import OTHER_SERIAL, Desk

LIBRARIES = (pyhanko, pyhanko_certvalidator, asn1crypto, pikepdf, cryptography, zlib, struct, builtins)
#: Not a library's word on a document: the machine's, or somebody's who wants us to end.
NOT_OURS = (MemoryError, Warning, Refusal)


def modules(library: ModuleType) -> Iterator[ModuleType]:
    yield library
    for found in pkgutil.walk_packages(getattr(library, "__path__", ()), f"{library.__name__}."):
        if not found.name.endswith("__main__"):
            try:
                yield importlib.import_module(found.name)
            except ImportError:  # a part for which something is not installed
                continue


def exceptions() -> list[type[Exception]]:
    """Every exception that a library defines or shows, each once, in one order."""
    shown = {
        thing
        for library in LIBRARIES
        for module in modules(library)
        for thing in vars(module).values()
        if isinstance(thing, type) and issubclass(thing, Exception) and not issubclass(thing, NOT_OURS)
    }
    return sorted(shown, key=lambda made: (made.__module__, made.__qualname__))


EXCEPTIONS = exceptions()

#: Where our modules meet a library: the owner of a function, and its name there.
BORDERS: tuple[tuple[str, str], ...] = (
    ("pyhanko.pdf_utils.reader.PdfFileReader", "__init__"),
    ("pyhanko.pdf_utils.reader.PdfFileReader", "get_object"),
    ("pyhanko.pdf_utils.reader.PdfFileReader", "get_historical_resolver"),
    ("pyhanko.pdf_utils.generic.DictionaryObject", "raw_get"),
    ("pyhanko.pdf_utils.generic.DictionaryObject", "read_from_stream"),
    ("pyhanko.pdf_utils.generic.StreamObject", "data"),
    ("pyhanko.pdf_utils.generic.IndirectObject", "get_object"),
    ("pyhanko.pdf_utils.xref.XRefCache", "get_xref_data"),
    ("pyhanko.sign.validation.pdf_embedded.EmbeddedPdfSignature", "__init__"),
    ("bubuh.pdf.general.signatures", "async_validate_pdf_signature"),
    ("bubuh.pdf.general.signatures", "ValidationContext"),
    ("asn1crypto.x509.Certificate", "load"),
    ("asn1crypto.core.Asn1Value", "dump"),
    ("cryptography.x509", "load_der_x509_certificate"),
    ("bubuh.pdf.rehearse.pikepdf", "open"),
    ("pikepdf.Pdf", "pages"),
    ("zlib", "decompressobj"),
    ("zlib", "decompress"),
    ("zlib", "adler32"),
    ("struct", "pack"),
    ("struct", "unpack"),
    ("bubuh.pdf.seal.proof.hashlib", "sha256"),
)


def owner(path: str) -> Any:
    """The module, or the class in one, at `path`."""
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError:
        module, _, name = path.rpartition(".")
        return getattr(owner(module), name)


DOORS = ("inspect", "plan", "plan with the library", "rehearse", "judge", "judge a lean stamp")


class Thrower:
    """Stands in a function's place and throws at one of its calls, and at all later ones if it is to."""

    def __init__(self, real: Any, error: type[Exception], *, after: int) -> None:
        self.real, self.error, self.left, self.thrown = real, error, after, 0

    def throw_or_go_on(self) -> None:
        self.left -= 1
        if self.left < 0:
            self.thrown += 1
            raise self.error.__new__(self.error, "thrown", "by", "a", "test")

    def function(self) -> Any:
        if isinstance(self.real, property):
            real_get = self.real.fget
            assert real_get is not None

            def get(that: Any) -> Any:
                self.throw_or_go_on()
                return real_get(that)

            return property(get)
        raw = self.real.__func__ if isinstance(self.real, (classmethod, staticmethod)) else self.real

        def call(*args: Any, **kwargs: Any) -> Any:
            self.throw_or_go_on()
            return raw(*args, **kwargs)

        kind = type(self.real)
        return kind(call) if kind in {classmethod, staticmethod} else call


@pytest.fixture(scope="module")
def once(desk: Desk) -> bytes:
    return desk.affix(sample("surat-pernyataan-sudah-ditandatangani.pdf"))


@pytest.fixture(scope="module")
def doors(desk: Desk, once: bytes) -> Mapping[str, Callable[[], object]]:
    """Everything by which a document comes in."""
    intent, letter = desk.intent(OTHER_SERIAL, x_pt=300), sample("surat-lamaran.pdf")
    increment, bare = plan(once, intent, desk.chain), desk.affix(letter)
    locked = sample("surat-lamaran-terenkripsi.pdf")  # the lean engine declines it
    return {
        "inspect": lambda: inspect(once),
        "plan": lambda: plan(once, intent, desk.chain),
        "plan with the library": lambda: plan(locked, intent, desk.chain),
        "rehearse": lambda: (rehearse(once, increment, intent), increment),
        "judge": lambda: judge(once, desk.trust),
        "judge a lean stamp": lambda: judge(bare, desk.trust),
    }


def test_there_are_many_kinds_and_every_border_is_met() -> None:
    names = {f"{made.__module__}.{made.__qualname__}" for made in EXCEPTIONS}
    assert len(EXCEPTIONS) > 150
    assert names >= {
        "pyhanko.pdf_utils.misc.PdfStrictReadError",
        "pyhanko.sign.validation.errors.SignatureValidationError",
        "pyhanko_certvalidator.errors.PathValidationError",
        "pikepdf._core.PdfError",
        "pikepdf._core.PasswordError",
        "cryptography.exceptions.InvalidSignature",
        "cryptography.exceptions.UnsupportedAlgorithm",
        "zlib.error",
        "struct.error",
        "builtins.RecursionError",
        "builtins.OSError",
        "builtins.AssertionError",
    }
    for where, name in BORDERS:
        assert hasattr(owner(where), name), (where, name)


class Unheard(Exception):
    """What a library's next version may throw."""


def check(door: Callable[[], object], error: type[Exception], border: tuple[str, str], after: int) -> None:
    """A door gives an answer or refuses, whatever is thrown at a border; nothing is thrown: an answer."""
    where, name = border
    place = owner(where)
    thrower = Thrower(vars(place)[name] if name in vars(place) else getattr(place, name), error, after=after)
    answer: object = None
    with pytest.MonkeyPatch.context() as patch:
        try:
            patch.setattr(place, name, thrower.function())
        except TypeError:  # a class written in C, which nobody can change
            return
        with suppress(Refusal):
            answer = door()
    assert answer is not None or thrower.thrown
    if isinstance(answer, Judgement):
        assert answer.is_genuine or (answer.reasons and thrower.thrown)


@settings(max_examples=300, deadline=None, report_multiple_bugs=False)
@given(
    error=st.sampled_from(EXCEPTIONS),
    border=st.sampled_from(BORDERS),
    door=st.sampled_from(DOORS),
    after=st.integers(0, 30),
)
def test_no_exception_of_a_library_reaches_a_caller(
    doors: Mapping[str, Callable[[], object]],
    error: type[Exception],
    border: tuple[str, str],
    door: str,
    after: int,
) -> None:
    check(doors[door], error, border, after)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("border", BORDERS, ids=".".join)
def test_nor_one_that_nobody_has_heard_of(
    doors: Mapping[str, Callable[[], object]], border: tuple[str, str], door: str
) -> None:
    for after in (0, 1, 4):
        check(doors[door], Unheard, border, after)


def test_the_doors_open_when_nothing_is_thrown(
    doors: Mapping[str, Callable[[], object]], desk: Desk, once: bytes
) -> None:
    assert judge_lean(once, desk.trust) is None, "the slow way is tried as well"
    assert judge_lean(desk.affix(sample("surat-lamaran.pdf")), desk.trust) is not None
    for door in doors.values():
        answer = door()
        assert not isinstance(answer, Judgement) or answer.is_genuine
