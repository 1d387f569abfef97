"""A proof of turn is believed as the signer signed it, by us, by openssl and by pyHanko; nothing else is."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from bubuh.cli import app
from bubuh.cli.turn import Wanted, Why, _judge
from bubuh.core.clock import utc_now
from bubuh.core.ids import THE_SERVICE, derived_id, show_id
from bubuh.db.pool import Database
from bubuh.edge.turn_sheet import turn_sheet
from bubuh.pdf.model import Chain, Trust
from bubuh.pdf.seal.cms import signed_attributes, signed_data
from bubuh.pdf.seal.keys import load_key, sign as sign_with
from bubuh.pdf.seal.pki import from_pem
from bubuh.pdf.sheet import covered, filled
from bubuh.signer.heads import StatementKey
from bubuh.signer.statements import digest_of, sign, sign_statements
from bubuh.statements.model import Kind, Statement, to_bytes
from bubuh.statements.prove import prove
from bubuh.statements.store import newest_signed, want
from bubuh.waitingroom.proof import Outcome, TurnRecord
from bubuh.wiring.folder import DataFolder
from bubuh.wiring.keys import read_keyring
from tests.keys import settled

SUBJECT = derived_id(THE_SERVICE, "test", "turn")
NOW = utc_now().replace(microsecond=0)
DEADLINE = NOW - timedelta(minutes=5)


def record(**changes: object) -> TurnRecord:
    told = TurnRecord(
        issuer="https://bubuh.example",
        subject=show_id("trn", SUBJECT),
        no=1,
        lane="cpns",
        title="Seleksi CPNS (formasi umum)",
        number=12_345,
        holder="",
        deadline_at=DEADLINE,
        given_after=NOW - timedelta(hours=10, minutes=1),
        given_by=NOW - timedelta(hours=10),
        waited_at=NOW - timedelta(minutes=4),
        ahead=321,
        called_by=None,
        was_open=True,
        stated_at=NOW,
    )
    return msgspec.structs.replace(told, **changes)


@pytest.fixture
def proof(statement_key: StatementKey, tmp_path: Path) -> Path:
    """The JSON and the page of a proof, signed as the signer signs."""
    facts, file = to_bytes(record()), tmp_path / "bukti.json"
    plain, page = (
        sign(digest_of(Statement(kind=kind, subject=SUBJECT, no=1, facts=facts)), statement_key)
        for kind in (Kind.TURN, Kind.TURN_SHEET)
    )
    file.write_bytes(facts)
    file.with_suffix(".p7s").write_bytes(plain)
    blank = turn_sheet(record())
    file.with_suffix(".pdf").write_bytes(filled(blank, page))
    return file


def verified(key_folder: DataFolder, *arguments: object) -> tuple[int, list[dict[str, object]]]:
    told = CliRunner().invoke(
        app, ["turn", "verify", *map(str, arguments), "--trust", str(key_folder.root_certificate), "--json"]
    )
    return told.exit_code, [json.loads(line) for line in told.stdout.splitlines()]


def test_both_forms_are_believed_and_say_the_same(proof: Path, key_folder: DataFolder) -> None:
    code, found = verified(key_folder, proof, proof.with_suffix(".pdf"), "--lane", "cpns", "--not-reached")
    assert code == 0
    assert [one["outcome"] for one in found] == ["not_reached", "not_reached"]
    assert found[0]["record"] == found[1]["record"] == json.loads(proof.read_bytes())


def test_openssl_holds_the_record_against_the_root(proof: Path, key_folder: DataFolder) -> None:
    told = subprocess.run(
        (
            *("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-purpose", "any"),
            *("-CAfile", key_folder.root_certificate, "-in", proof.with_suffix(".p7s"), "-content", proof),
        ),
        capture_output=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    assert told.stdout == proof.read_bytes()


def test_other_readers_read_the_page_and_its_signature(
    proof: Path, key_folder: DataFolder, pyhanko_words: Callable[[bytes, Trust], dict[str, bool]]
) -> None:
    page = proof.with_suffix(".pdf")
    trust = Trust(roots=from_pem(key_folder.root_certificate.read_bytes()), now=utc_now())
    assert pyhanko_words(page.read_bytes(), trust) == {"Statement": True}
    assert subprocess.run(("qpdf", "--check", page), capture_output=True, check=False).returncode == 0
    text = subprocess.run(("pdftotext", page, "-"), capture_output=True, check=True).stdout.decode()
    assert "12.345" in text
    assert "Seleksi CPNS (formasi umum)" in text


def test_the_checker_of_stamps_never_calls_it_a_stamp(proof: Path, key_folder: DataFolder) -> None:
    told = CliRunner().invoke(
        app, ["verify", str(proof.with_suffix(".pdf")), "--trust", str(key_folder.root_certificate), "--json"]
    )
    assert told.exit_code == 1
    assert json.loads(told.stdout)["verdict"] != "genuine"


@pytest.mark.parametrize(
    ("option", "value", "why"),
    [
        ("--lane", "guru", "other_lane"),
        ("--deadline", "2030-01-01T00:00+07:00", "other_deadline"),
        ("--issuer", "https://elsewhere.example", "other_issuer"),
    ],
)
def test_a_proof_of_something_else_is_refused(
    proof: Path, key_folder: DataFolder, option: str, value: str, why: str
) -> None:
    code, found = verified(key_folder, proof, proof.with_suffix(".pdf"), option, value)
    assert code == 1
    assert [one["why"] for one in found] == [why, why]


@pytest.mark.parametrize("every", [61, pytest.param(1, marks=pytest.mark.long)])
def test_any_byte_that_is_changed_is_noticed(proof: Path, root: Path, tmp_path: Path, every: int) -> None:
    page = proof.with_suffix(".pdf").read_bytes()
    changed = tmp_path / "changed.pdf"

    def why(content: bytes) -> object:
        changed.write_bytes(content)
        return judged(changed, root)

    assert why(page) is None
    assert {why(other) for other in otherwise(page, every)} == {Why.FORGED, Why.UNREADABLE}
    for more in (b"\n", page[page.rindex(b"startxref") :]):
        assert why(page + more) in {Why.FORGED, Why.UNREADABLE}
    for at in range(0, len(page), 40 * every):
        assert why(page[:at]) in {Why.FORGED, Why.UNREADABLE}, at


@pytest.mark.parametrize("every", [7, pytest.param(1, marks=pytest.mark.long)])
def test_any_byte_of_the_json_and_its_signature_is_held(
    proof: Path, root: Path, tmp_path: Path, every: int
) -> None:
    facts, signature, plain = proof.read_bytes(), proof.with_suffix(".p7s").read_bytes(), tmp_path / "a.json"

    def why(told: bytes, signed: bytes) -> object:
        plain.write_bytes(told)
        plain.with_suffix(".p7s").write_bytes(signed)
        return judged(plain, root)

    assert why(facts, signature) is None
    assert {why(other, signature) for other in otherwise(facts, 1)} == {Why.FORGED}
    assert {why(facts, other) for other in otherwise(signature, every)} == {Why.FORGED}
    for other in (facts + b"\n", b" " + facts, facts[:-1]):
        assert why(other, signature) is Why.FORGED
    for other in (signature + b"\n", signature[:-1], signature[1:], b""):
        assert why(facts, other) is Why.FORGED
    for zeros in (1, 2, 3, 4096):
        assert why(facts, signature + bytes(zeros)) is Why.TRAILING_BYTES
    plain.with_suffix(".p7s").unlink()
    assert judged(plain, root) is Why.UNREADABLE


def otherwise(content: bytes, every: int) -> Iterator[bytes]:
    """With one bit of each, or of every so many-th, byte changed."""
    for at in range(0, len(content), every):
        yield content[:at] + bytes([content[at] ^ 1 << at % 8]) + content[at + 1 :]


def judged(file: Path, root: Path) -> Why | None:
    """As `bubuh turn verify` does."""
    anything = Wanted(lane=None, deadline_at=None, issuer=None, not_reached=False)
    return _judge(file, from_pem(root.read_bytes()), anything)[1]


@pytest.fixture
def root(key_folder: DataFolder) -> Path:
    return key_folder.root_certificate


def test_a_changed_proof_is_told_of_and_the_command_fails(
    proof: Path, key_folder: DataFolder, tmp_path: Path
) -> None:
    plain = tmp_path / "other.json"
    plain.write_bytes(proof.read_bytes().replace(b'"ahead":321', b'"ahead":320'))
    plain.with_suffix(".p7s").write_bytes(proof.with_suffix(".p7s").read_bytes())
    code, (good, forged) = verified(key_folder, proof, plain)
    assert (code, good["is_good"], forged["is_good"], forged["why"]) == (1, True, False, "forged")


def test_another_key_signs_no_proof(
    proof: Path, key_folder: DataFolder, statement_key: StatementKey, tmp_path: Path
) -> None:
    """Neither the seal key of the same authority, nor the statement key of another."""
    seal = next(iter(read_keyring(key_folder).chains.values()))
    other = settled(tmp_path / "other", now=utc_now())
    page = proof.with_suffix(".pdf")
    assert verified(other, page)[1][0]["why"] == "forged"
    stolen = replace(statement_key.chain, seal_certificate=seal.seal_certificate)
    assert sheet_by(key_folder, stolen, seal.key_id, record(), tmp_path)["why"] == "forged"


def sheet_by(
    key_folder: DataFolder, chain: Chain, key_id: str, told: TurnRecord, scratch: Path
) -> dict[str, object]:
    """What is said of a page that is signed with the key `key_id` of the key_folder."""
    blank = turn_sheet(told)
    digest = covered(blank)
    assert digest is not None
    private = load_key((key_folder.keys / f"{key_id}.pem").read_bytes())
    cms = signed_data(digest, sign_with(private, signed_attributes(digest, chain)), chain)
    file = scratch / "signed.pdf"
    file.write_bytes(filled(blank, cms))
    return verified(key_folder, file)[1][0]


def test_what_was_stated_outside_the_certificates_life_is_refused(
    key_folder: DataFolder, statement_key: StatementKey, tmp_path: Path
) -> None:
    early = timedelta(days=2)
    told = record(
        **{
            name: moment - early
            for name, moment in msgspec.structs.asdict(record()).items()
            if isinstance(moment, datetime)
        }
    )
    found = sheet_by(key_folder, statement_key.chain, "statement-key", told, tmp_path)
    assert found["why"] == "signer_not_valid"
    assert sheet_by(key_folder, statement_key.chain, "statement-key", record(), tmp_path)["is_good"] is True


async def test_the_signer_signs_both_forms_as_they_are_handed_out(
    db: Database, signer_db: Database, statement_key: StatementKey, key_folder: DataFolder
) -> None:
    facts, roots = to_bytes(record()), from_pem(key_folder.root_certificate.read_bytes())
    for kind in (Kind.TURN, Kind.TURN_SHEET):
        async with db.transaction() as conn:
            await want(conn, Statement(kind=kind, subject=SUBJECT, no=1, facts=facts))
    assert await sign_statements(signer_db, statement_key) == 2
    digests = {
        Kind.TURN: hashlib.sha256(facts).digest(),
        Kind.TURN_SHEET: covered(turn_sheet(record())),
    }
    for kind, digest in digests.items():
        signed = await newest_signed(db, kind, SUBJECT)
        assert signed is not None
        assert digest is not None
        assert prove(digest, signed.signature.hex().encode(), roots) is not None


async def test_the_signer_refuses_what_cannot_be_true(
    db: Database, signer_db: Database, statement_key: StatementKey
) -> None:
    wrong = to_bytes(record()).replace(b'"ahead":321', b'"ahead":-1')
    async with db.transaction() as conn:
        await want(conn, Statement(kind=Kind.TURN_SHEET, subject=SUBJECT, no=1, facts=wrong))
    assert await sign_statements(signer_db, statement_key) == 0
    row = await db.fetchrow("SELECT refused_at FROM statements")
    assert row is not None
    assert row["refused_at"] is not None


def test_the_deadline_was_missed_only_where_it_is_shown() -> None:
    assert record().outcome is Outcome.NOT_REACHED
    late = record(called_by=NOW - timedelta(minutes=3))
    assert late.outcome is Outcome.NOT_REACHED, "called after the deadline"
    assert record(was_open=False).outcome is Outcome.WAITING, "people went in without turns meanwhile"
    assert record(waited_at=DEADLINE - timedelta(seconds=1)).outcome is Outcome.WAITING
    assert record(deadline_at=None).outcome is Outcome.WAITING
    after = record(given_by=DEADLINE + timedelta(seconds=1))
    assert after.outcome is Outcome.WAITING, "it did not stand there in time"
    early = record(waited_at=DEADLINE - timedelta(hours=1), called_by=DEADLINE - timedelta(minutes=59))
    assert early.outcome is Outcome.CALLED


@pytest.mark.parametrize(
    "changes",
    [
        {"given_by": NOW},
        {"waited_at": None},
        {"called_by": NOW + timedelta(seconds=1)},
        {"given_by": datetime(2026, 1, 1)},  # noqa: DTZ001,
    ],
)
def test_times_that_are_of_no_turn_are_no_record(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"turn|zone"):
        record(**changes)
