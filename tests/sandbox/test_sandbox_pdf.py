"""What the engine says inside the sandbox is what it says outside."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Literal

import pikepdf
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from reportlab.pdfgen.canvas import Canvas

from bubuh.core.errors import Refusal
from bubuh.pdf.intake.inspection import inspect
from bubuh.pdf.intake.repair import repair
from bubuh.pdf.judge.several import read_stamps
from bubuh.pdf.judge.verdict import judge
from bubuh.pdf.lean.stamped import last_seal
from bubuh.pdf.model import Facts, Increment, Indication, Intent, Place, Sealed, Tier, Trust
from bubuh.pdf.plan import plan
from bubuh.pdf.refusals import DocumentRefused, PageOutOfRange, Reason
from bubuh.pdf.seal.cms import signed_attributes, signed_data
from bubuh.pdf.seal.pki import Pki, development_pki
from bubuh.sandbox import Sandbox, SyncSandbox
from bubuh.sandbox.calls import covers, fits, is_of_whole
from bubuh.sandbox.sandbox import _is_proven

SAMPLES = Path(__file__).parents[1] / "data"
NOW = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)
SERIAL = "0123456789ABCDEFGHIJKL"
INTENT = Intent(
    serial_no=SERIAL,
    place=Place(page=1, x_pt=60, y_pt=500, side_pt=70),
    signed_at=NOW,
    file_id=bytes(range(16)),
    qr_payload=f"https://bubuh.example/s/{SERIAL}",
    key_id="test",
)
STRANGE = (b"", b"%PDF-1.7\n", b"not a pdf at all", b"%PDF-1.4\n" + b"[" * 100_000, b"\xff" * 5000)


def letter(pages: int = 1) -> bytes:
    """A letter as a simple program writes it."""
    out = io.BytesIO()
    canvas = Canvas(out, invariant=True)
    for page in range(pages):
        canvas.drawString(72, 720, f"Surat lamaran, halaman {page + 1}")
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def locked(document: bytes, revision: Literal[2, 3, 4, 6] = 6, *, user: str = "rahasia") -> bytes:
    """The same under a password nobody here has, or an empty one."""
    chosen = pikepdf.Encryption(
        user=user, owner="pemilik", R=revision, aes=revision >= 4, metadata=revision >= 4
    )
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(document)) as pdf:
        pdf.save(out, encryption=chosen)
    return out.getvalue()


REVISIONS: Final[tuple[Literal[2, 3, 4, 6], ...]] = (2, 3, 4, 6)


def sealed(increment: Increment, pki: Pki) -> bytes:
    """The increment with its signature, made as the signer makes it."""
    chain, key = pki.chain("test"), serialization.load_pem_private_key(pki.seal_key, password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    signature = key.sign(signed_attributes(increment.digest, chain), ec.ECDSA(hashes.SHA256()))
    return increment.sealed(signed_data(increment.digest, signature, chain))


@pytest.fixture(scope="module")
def pki() -> Pki:
    return development_pki(NOW)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SyncSandbox]:
    with Sandbox.open_sync() as sandbox:
        yield sandbox


def outcome(act: Callable[[], object]) -> object:
    """What `act` returns, or the refusal it raises, to be compared."""
    try:
        return act()
    except Refusal as refusal:
        return type(refusal), refusal.pointer, refusal.details


@pytest.mark.parametrize(
    "document",
    [letter(), letter(40), locked(letter()), *STRANGE],
    ids=["letter", "long", "locked", "empty", "header", "text", "nested", "noise"],
)
def test_inside_and_outside_agree(sandbox: SyncSandbox, pki: Pki, document: bytes) -> None:
    chain, trust = pki.chain("test"), Trust(roots=(pki.root_certificate,), now=NOW)
    assert outcome(lambda: sandbox.inspect(document)) == outcome(lambda: inspect(document))
    assert outcome(lambda: sandbox.plan(document, INTENT, chain)) == outcome(
        lambda: plan(document, INTENT, chain)
    )
    assert outcome(lambda: sandbox.judge(document, trust)) == outcome(lambda: judge(document, trust))


def test_a_refusal_keeps_its_reason_and_its_pointer(sandbox: SyncSandbox, pki: Pki) -> None:
    with pytest.raises(DocumentRefused) as told:
        sandbox.inspect(locked(letter()))
    assert told.value.reason is Reason.ENCRYPTED
    elsewhere = replace(INTENT, place=replace(INTENT.place, page=9))
    with pytest.raises(PageOutOfRange) as where:
        sandbox.plan(letter(), elsewhere, pki.chain("test"))
    assert where.value.pointer == "/page"


def test_a_stamp_planned_inside_is_genuine_inside(sandbox: SyncSandbox, pki: Pki) -> None:
    increment = sandbox.plan(letter(), INTENT, pki.chain("test"))
    stamped = letter() + sealed(increment, pki)
    found = sandbox.judge(stamped, Trust(roots=(pki.root_certificate,), now=NOW))
    assert found.indication is Indication.PASSED, found
    assert [(stamp.serial_no, stamp.digest) for stamp in found.stamps] == [(SERIAL, increment.digest)]


def test_only_a_digest_over_this_document_is_passed_on() -> None:
    document, chain = letter(), development_pki(NOW).chain("test")
    increment = plan(document, INTENT, chain)
    assert covers(increment, document)
    others: tuple[Increment, ...] = (
        replace(increment, digest=bytes(32)),
        replace(increment, post=increment.post + b" "),
        replace(increment, room_bytes=1 << 30),
    )
    assert not any(covers(other, document) for other in others)
    assert not covers(increment, document + b"\n")


def test_only_facts_of_this_document_are_passed_on() -> None:
    document = letter(2)
    facts = inspect(document)
    assert fits(facts, document)
    others: tuple[Facts, ...] = (replace(facts, pages=3), replace(facts, pages=0, boxes=()))
    assert not any(fits(other, document) for other in others)
    assert not fits(facts, document + b"\n")


def test_a_child_that_calls_something_proven_which_is_not_is_not_believed(pki: Pki) -> None:
    trust = Trust(roots=(pki.root_certificate,), now=NOW)
    document = letter() + sealed(plan(letter(), INTENT, pki.chain("test")), pki)
    (told,) = judge(document, trust).stamps
    assert told.sealed is not None
    start, end, stop = told.sealed.start, told.sealed.end, told.sealed.stop
    assert _is_proven(told, document, trust)
    lies = (
        replace(told, digest=bytes(32)),
        replace(told, digest=None),
        replace(told, sealed=None),
        *(
            replace(told, sealed=Sealed(*spans))
            for spans in (
                (start, end, stop - 1),
                (start, end, stop + 1),
                (start - 1, end, stop),
                (start, end + 1, stop),
                (start + 2, end, stop),
                (0, 0, 0),
                (-5, end, stop),
                (1, stop, stop),
            )
        ),
    )
    assert not any(_is_proven(lie, document, trust) for lie in lies)
    assert not _is_proven(told, document[:100] + b"x" + document[101:], trust)
    assert not _is_proven(told, document, replace(trust, roots=()))
    assert not _is_proven(told, document, replace(trust, now=NOW + timedelta(days=9999)))
    assert _is_proven(replace(told, indication=Indication.FAILED, sealed=None), document, trust)


def test_what_is_recognised_must_stand_before_the_seal(pki: Pki) -> None:
    document = letter() + sealed(plan(letter(), INTENT, pki.chain("test")), pki)
    (told,) = read_stamps(document, last_seal(document))
    assert is_of_whole((told,), document)
    assert is_of_whole(None, document)
    start, end, stop = told.sealed.start, told.sealed.end, told.sealed.stop
    lies = (
        replace(told, serial_no="Z" * 22),
        replace(told, serial_no="Ä"),
        replace(told, page=2),
        replace(told, signed_at=NOW + timedelta(days=1)),
        *(
            replace(told, sealed=Sealed(*spans))
            for spans in (
                (start - 1, end, stop),
                (start, end - 1, stop),
                (start, end, stop - 1),
                (-1, -1, -1),
            )
        ),
    )
    assert not any(is_of_whole((lie,), document) for lie in lies)
    assert not any(is_of_whole(stamps, document) for stamps in ((), (told, told), (lies[0], told)))
    assert not is_of_whole((told,), document + b"\n")


def test_nothing_is_imported_or_opened_once_it_is_locked_down(tmp_path: Path, pki: Pki) -> None:
    """A library that meets a closed door may not fail but judge otherwise: so there must be no door left."""
    stamped = letter() + sealed(plan(letter(), INTENT, pki.chain("test")), pki)
    open_to_all = [locked(letter(), revision, user="") for revision in REVISIONS]
    for number, document in enumerate((letter(), stamped, locked(letter()), *open_to_all, *STRANGE)):
        (tmp_path / f"{number}.pdf").write_bytes(document)
    (tmp_path / "root.der").write_bytes(pki.root_certificate)
    program = """
import json, sys
from pathlib import Path
from datetime import UTC, datetime
from bubuh.core.errors import Refusal
from bubuh.core.privileges import preload
from bubuh.pdf.model import Intent, Place, Trust
from bubuh.pdf.seal.pki import development_pki
from bubuh.sandbox.calls import InspectArguments, JudgeArguments, PlanArguments
from bubuh.sandbox.jobs import JOBS

now, root = datetime(2026, 9, 2, tzinfo=UTC), Path(sys.argv[1], "root.der").read_bytes()
pki = development_pki(now)
intent = Intent(serial_no="A" * 22, place=Place(page=1, x_pt=9, y_pt=9, side_pt=70), signed_at=now,
                file_id=bytes(16), qr_payload="https://bubuh.example/s/" + "A" * 22, key_id="k")
arguments = (("inspect", InspectArguments()), ("plan", PlanArguments(intent=intent, chain=pki.chain("k"))),
             ("judge", JudgeArguments(trust=Trust(roots=(root,), now=now))))
documents = [path.read_bytes() for path in Path(sys.argv[1]).glob("*.pdf")]
preload("bubuh.pdf")
known, opened = set(sys.modules), []
sys.addaudithook(lambda event, found: opened.append(str(found[0])) if event == "open" else None)
for document in documents:
    for name, asked in arguments:
        try:
            JOBS[name].act(asked, document)
        except Refusal:
            pass
late = {"imported": sorted(set(sys.modules) - known), "opened": list(opened)}
print(json.dumps(late))
"""
    done = subprocess.run(
        [sys.executable, "-I", "-c", program, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == {"imported": [], "opened": []}


def test_a_document_under_aes_256_with_an_empty_password_is_opened_here_too(sandbox: SyncSandbox) -> None:
    """qpdf wants random bytes to open it, and the sandbox opens no file."""
    facts = sandbox.inspect((SAMPLES / "surat-lamaran-terenkripsi.pdf").read_bytes())
    assert facts.encrypted
    assert facts.pages == 1


@pytest.mark.parametrize("revision", REVISIONS)
def test_what_anyone_may_open_is_planned_and_read_back_as_outside(
    revision: Literal[2, 3, 4, 6], sandbox: SyncSandbox, pki: Pki
) -> None:
    document = locked(letter(), revision, user="")
    inside = sandbox.plan(document, INTENT, pki.chain("test"))
    assert inside == plan(document, INTENT, pki.chain("test"))
    assert inside.tier is Tier.T1


def test_repair_in_the_sandbox_writes_what_it_writes_outside(sandbox: SyncSandbox) -> None:
    damaged = b"X-Scanned: yes\n" + letter()

    inside = sandbox.repair(damaged)

    assert inside == repair(damaged)
    assert sandbox.inspect(inside.document) == inside.facts
    with pytest.raises(DocumentRefused) as refused:
        sandbox.repair(damaged[: len(damaged) // 2])
    assert refused.value.reason is Reason.TRUNCATED
