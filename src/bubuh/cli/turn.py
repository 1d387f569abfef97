"""`bubuh turn`: what anybody can hold a turn to, without asking the service."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from bubuh.cli.moments import read_moment
from bubuh.cli.output import Json, answer
from bubuh.cli.turn_log import audit_command, publish_command
from bubuh.cli.verify import NoRoot
from bubuh.pdf import sheet
from bubuh.pdf.seal.der import elements
from bubuh.pdf.seal.pki import from_pem
from bubuh.settings import Settings, data_folder
from bubuh.statements.prove import prove
from bubuh.waitingroom.proof import Outcome, TurnRecord
from bubuh.wiring.folder import DataFolder

turn = typer.Typer(no_args_is_help=True, help="Turns of the waiting room: what anybody can check of them.")
turn.command("audit")(audit_command)
turn.command("publish")(publish_command)


@turn.callback()
def turn_group() -> None:
    """Turns of the waiting room: what anybody can check of them."""


class Why(StrEnum):
    """Why a proof is not believed."""

    UNREADABLE = "unreadable"  #: no proof of turn, or one without its signature
    FORGED = "forged"  #: the signature is not over this, or not of the service
    TRAILING_BYTES = "trailing_bytes"  #: its signature is followed by something
    SIGNER_NOT_VALID = "signer_not_valid"  #: when it was stated the certificates were not valid
    OTHER_LANE = "other_lane"
    OTHER_DEADLINE = "other_deadline"
    OTHER_ISSUER = "other_issuer"
    WAS_REACHED = "was_reached"  #: it is genuine, and does not say that the deadline was missed


_INDONESIAN: Final = {
    Why.UNREADABLE: "bukan bukti antrean, atau tanda tangannya (.p7s di sampingnya) tidak ada",
    Why.FORGED: "tidak ditandatangani layanan ini, atau sudah diubah",
    Why.TRAILING_BYTES: "di belakang tanda tangannya (.p7s) ada yang ditambahkan",
    Why.SIGNER_NOT_VALID: "sertifikat penanda tangan tidak berlaku pada saat itu",
    Why.OTHER_LANE: "untuk jalur lain",
    Why.OTHER_DEADLINE: "untuk tenggat lain",
    Why.OTHER_ISSUER: "dari layanan lain",
    Why.WAS_REACHED: "asli, tetapi tidak menyatakan bahwa tenggat terlewat",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a proof must say besides being genuine; None: anything."""

    lane: str | None
    deadline_at: datetime | None
    issuer: str | None
    not_reached: bool

    def misses(self, told: TurnRecord) -> Why | None:
        """What `told` says otherwise."""
        if self.lane not in {None, told.lane}:
            return Why.OTHER_LANE
        if self.deadline_at not in {None, told.deadline_at}:
            return Why.OTHER_DEADLINE
        if self.issuer not in {None, told.issuer}:
            return Why.OTHER_ISSUER
        if self.not_reached and told.outcome is not Outcome.NOT_REACHED:
            return Why.WAS_REACHED
        return None


@turn.command("verify")
def verify_command(
    files: Annotated[
        list[Path],
        typer.Argument(exists=True, dir_okay=False, help="Proofs: PDF, or JSON with its .p7s beside it."),
    ],
    trust: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Root certificate, PEM; default: of BUBUH_DATA."),
    ] = None,
    lane: Annotated[str | None, typer.Option(help="The lane that it must be of.")] = None,
    deadline: Annotated[
        str | None, typer.Option(help="The deadline that it must name, as 2026-11-23T23:59+07:00.")
    ] = None,
    issuer: Annotated[str | None, typer.Option(help="The service's address that it must name.")] = None,
    not_reached: Annotated[
        bool, typer.Option("--not-reached", help="It must say that the deadline came before its turn.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Hold proofs of turn to the service's root certificate, offline; exit 0 only if all are as wanted."""
    root = trust or DataFolder(data_folder(Settings.from_env())).root_certificate
    if not root.exists():
        raise NoRoot(path=str(root))
    roots = from_pem(root.read_bytes())
    wanted = Wanted(lane=lane, deadline_at=read_moment(deadline), issuer=issuer, not_reached=not_reached)
    found = [(file, *_judge(file, roots, wanted)) for file in files]
    for file, told, why in found:
        answer(_facts(file, told, why), as_json=as_json, words=_words(file, told, why))
    raise typer.Exit(code=0 if all(why is None for _, _, why in found) else 1)


def _judge(file: Path, roots: tuple[bytes, ...], wanted: Wanted) -> tuple[TurnRecord | None, Why | None]:
    """What a proof says, if it is the service's, and why it is not good, if it is not."""
    raw = file.read_bytes() if file.stat().st_size <= sheet.MOST_BYTES else b""
    is_page = raw.startswith(b"%PDF-")
    parts = _of_page(raw) if is_page else _of_json(raw, file.with_suffix(".p7s"))
    if parts is None:
        return None, Why.UNREADABLE
    facts, digest, contents = parts
    signer = prove(digest, contents, roots)
    if signer is None:
        return None, Why.FORGED
    if not is_page and not _is_one_element(contents):  # zeros, which fill up the room in a page
        return None, Why.TRAILING_BYTES
    try:
        told = msgspec.json.decode(facts, type=TurnRecord)
    except msgspec.DecodeError:  # a statement of another kind
        return None, Why.UNREADABLE
    if not signer.could_sign(told.stated_at):
        return None, Why.SIGNER_NOT_VALID
    return told, wanted.misses(told)


_Parts = tuple[bytes, bytes, bytes]  #: the facts, what was signed, the signature in hexadecimal digits


def _of_page(raw: bytes) -> _Parts | None:
    facts, digest, contents = sheet.attached(raw), sheet.covered(raw), sheet.signature_in(raw)
    if facts is None or digest is None or contents is None:
        return None
    return facts, digest, contents


def _of_json(raw: bytes, beside: Path) -> _Parts | None:
    if not raw or not beside.exists() or beside.stat().st_size > sheet.MOST_BYTES:
        return None
    return raw, hashlib.sha256(raw).digest(), beside.read_bytes().hex().encode("ascii")


def _is_one_element(contents: bytes) -> bool:
    """Whether nothing follows the signature, which has been read."""
    der = bytes.fromhex(contents.decode("ascii"))
    _tag, first = next(elements(der))
    return first == der


def _facts(file: Path, told: TurnRecord | None, why: Why | None) -> dict[str, object]:
    said = {} if told is None else {"outcome": str(told.outcome), "record": msgspec.to_builtins(told)}
    return {"file": str(file), "is_good": why is None, "why": why} | said


def _words(file: Path, told: TurnRecord | None, why: Why | None) -> str:
    if why is not None:
        return f"[red]✗[/red] {file}  {why}: {_INDONESIAN[why]}"
    assert told is not None
    return f"[green]✓[/green] {file}  {told.lane} {told.number}, {_OUTCOMES[told.outcome]}"


_OUTCOMES: Final = {
    Outcome.NOT_REACHED: "belum dipanggil saat tenggat",
    Outcome.WAITING: "menunggu",
    Outcome.CALLED: "sudah dipanggil",
}
