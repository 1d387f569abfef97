"""`bubuh affix`: affix stamps through a service, or offline with a key; one file or a whole folder."""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.progress import track

from bubuh.cli.client import WAIT_S, Client, ServiceRefused, fresh_key
from bubuh.cli.demo import running_service
from bubuh.cli.output import ASIDE, Json, answer
from bubuh.core.clock import utc_now
from bubuh.core.errors import Fault, Refusal
from bubuh.edge.reasons import NORMALISED
from bubuh.pdf.model import SERIAL, Chain, Intent, Place
from bubuh.pdf.refusals import DocumentRefused, SerialMalformed, may_be_repaired
from bubuh.pdf.seal.cms import signed_attributes, signed_data
from bubuh.pdf.seal.keys import load_key, sign
from bubuh.pdf.seal.pki import PrivateKey, from_pem, read_chain
from bubuh.pdf.seal.room import TIME_STAMP_ROOM_BYTES
from bubuh.pdf.seal.sha256 import MidstateUnavailable, is_available
from bubuh.sandbox import Sandbox, SyncSandbox
from bubuh.settings import Settings
from bubuh.stamping.refusals import TimeStampFailed
from bubuh.stamping.serial import check_character
from bubuh.stamping.settle import with_time
from bubuh.wiring.levels import AUTHORITY

_PUBLIC_URL: Final = "http://127.0.0.1:8000"

PemFile = typer.Option(exists=True, dir_okay=False)


class PlaceMalformed(Refusal):
    """`--at` is not two numbers with a comma between."""

    code = "place_malformed"


class OfflineIncomplete(Refusal):
    """Offline work needs a key, its chain and a serial number, all three; an authority of time its root."""

    code = "offline_incomplete"


class KeyUnusable(Refusal):
    """The key or its chain cannot be read, or is of a kind that seals nothing."""

    code = "key_unusable"


class MidstateOffline(Refusal):
    """A midstate is for a service; who stamps offline has the document."""

    code = "midstate_offline"


class IncrementDiffers(Fault):
    """What the service answered is not an increment of this document; nothing was written."""

    code = "increment_differs"


class ApiKeyMissing(Refusal):
    """The service takes stamps from a known account alone: set BUBUH_API_KEY."""

    code = "api_key_missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What offline stamping is done with."""

    sandbox: SyncSandbox
    key: PrivateKey
    chain: Chain
    public_url: str
    authority: Authority | None  #: whom to ask for time-stamps


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """An authority of time and whom to believe about it."""

    url: str
    roots: tuple[bytes, ...]  #: DER


def affix_command(
    file: Annotated[Path, typer.Argument(exists=True, help="A PDF, or a folder of them.")],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", "--out", help="Where the result goes; a folder for a folder."),
    ] = None,
    page: Annotated[int, typer.Option(min=1, help="Counted from 1.")] = 1,
    at: Annotated[
        str, typer.Option(metavar="X,Y", help="Top left of the face, in points as seen.")
    ] = "400,600",
    width: Annotated[float, typer.Option(help="Side of the face, 40 to 120 points.")] = 70.0,
    url: Annotated[str | None, typer.Option(help="The service's address; default: of BUBUH_DATA.")] = None,
    midstate: Annotated[
        bool, typer.Option("--midstate", help="Send the document's midstate; the document stays here.")
    ] = False,
    key: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Offline: seal key, PEM.")
    ] = None,
    chain: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Offline: seal and issuing certificate, PEM."),
    ] = None,
    serial: Annotated[
        str | None, typer.Option(help="Offline: the serial number; for a folder the first of a run.")
    ] = None,
    tsa: Annotated[
        str | None, typer.Option(help="Offline: address of an RFC 3161 authority, for level B-T.")
    ] = None,
    tsa_root: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Offline: its root certificate, PEM.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Affix a stamp to FILE: through the service (BUBUH_API_KEY says whose), or offline with a key."""
    place = _place(page, at, width)
    jobs = list(_jobs(file, output))
    if key or chain or serial or tsa or tsa_root:
        if not (key and chain and serial) or (tsa is None) != (tsa_root is None):
            raise OfflineIncomplete
        if midstate:
            raise MidstateOffline
        authority = Authority(url=tsa, roots=from_pem(tsa_root.read_bytes())) if tsa and tsa_root else None
        outcomes = _offline(jobs, place, authority, key=key, chain=chain, serial=serial)
    else:
        through = _at_home if midstate else _through_service
        outcomes = through(jobs, place, url or running_service())
    refused = 0
    for outcome in track(outcomes, total=len(jobs), console=ASIDE, disable=len(jobs) == 1, transient=True):
        refused += outcome["state"] != "affixed"
        answer(outcome, as_json=as_json, words=_words(outcome))
    raise typer.Exit(code=1 if refused else 0)


def _jobs(file: Path, output: Path | None) -> Iterator[tuple[Path, Path]]:
    """Each file and where its result goes."""
    if not file.is_dir():
        yield file, output or file.with_name(f"{file.stem}-bermeterai.pdf")
        return
    folder = output or file.with_name(f"{file.name}-bermeterai")
    folder.mkdir(parents=True, exist_ok=True)
    for found in sorted(file.rglob("*.pdf")):
        target = folder / found.relative_to(file)
        target.parent.mkdir(parents=True, exist_ok=True)
        yield found, target


def _offline(
    jobs: list[tuple[Path, Path]],
    place: Place,
    authority: Authority | None,
    *,
    key: Path,
    chain: Path,
    serial: str,
) -> Iterator[dict[str, Any]]:
    private_key, its_chain = _read_key(key, chain)
    public_url = Settings.from_env().public_url or _PUBLIC_URL
    with Sandbox.open_sync() as sandbox:
        bench = Bench(
            sandbox=sandbox, key=private_key, chain=its_chain, public_url=public_url, authority=authority
        )
        for (source, target), serial_no in zip(jobs, serial_run(serial), strict=False):
            outcome: dict[str, Any] = {
                "file": str(source),
                "document": None,
                "serial": serial_no,
                "reason": None,
                "normalised": False,
            }
            try:
                base, normalised = _base(source.read_bytes(), bench)
                target.write_bytes(_stamp(base, serial_no, place, bench))
                yield outcome | {"document": str(target), "state": "affixed", "normalised": normalised}
            except Refusal as refusal:
                reason = refusal.details.get("reason", refusal.code)
                yield outcome | {"serial": None, "state": "refused", "reason": reason}
            except TimeStampFailed as failed:
                yield outcome | {"serial": None, "state": "refused", "reason": f"time_stamp_{failed.why}"}


def _base(document: bytes, bench: Bench) -> tuple[bytes, bool]:
    """What is stamped: `document` or, where it is damaged, what it is normalised to; and whether it was."""
    try:
        bench.sandbox.inspect(document)
    except DocumentRefused as refused:
        if not may_be_repaired(refused):
            raise
        return bench.sandbox.repair(document).document, True
    return document, False


def _stamp(document: bytes, serial_no: str, place: Place, bench: Bench) -> bytes:
    intent = Intent(
        serial_no=serial_no,
        place=place,
        signed_at=utc_now().replace(microsecond=0),
        file_id=secrets.token_bytes(16),
        qr_payload=f"{bench.public_url}/s/{serial_no}",
        key_id=bench.chain.key_id,
        time_stamp_room=0 if bench.authority is None else TIME_STAMP_ROOM_BYTES,
    )
    increment = bench.sandbox.plan(document, intent, bench.chain)
    signature = sign(bench.key, signed_attributes(increment.digest, bench.chain))
    cms = signed_data(increment.digest, signature, bench.chain)
    if bench.authority is not None:
        cms = asyncio.run(_with_time(cms, signature, bench.authority))
    return document + increment.sealed(cms)


async def _with_time(cms: bytes, signature: bytes, authority: Authority) -> bytes:
    asked = import_module(AUTHORITY).Rfc3161Authority(authority.url, authority.roots)
    try:
        return await with_time(cms, signature, asked)
    finally:
        await asked.close()


def _through_service(jobs: list[tuple[Path, Path]], place: Place, url: str) -> Iterator[dict[str, Any]]:
    with Client(url, key=_api_key()) as client:
        for source, target in jobs:
            try:
                document = client.upload(source)
                stamp = _order_stamp(client, {"document_id": document["id"]}, source, place)
                if stamp["state"] == "affixed":
                    target.write_bytes(client.download(f"/v1/stamps/{stamp['id']}/document"))
                    done = _outcome(source, "affixed", document=str(target), serial=stamp["serial"])
                    yield done | {"normalised": document["normalised"]}
                else:
                    yield _outcome(source, "returned", reason=stamp["reason"])
            except ServiceRefused as refusal:
                yield _outcome(source, "refused", reason=_reason_of(refusal))


def _at_home(jobs: list[tuple[Path, Path]], place: Place, url: str) -> Iterator[dict[str, Any]]:
    """The same, but that only midstates go to the service. What a checker would refuse is refused here."""
    key = _api_key()
    if not is_available():
        raise MidstateUnavailable("no libcrypto that goes on from a midstate")
    with Sandbox.open_sync() as sandbox, Client(url, key=key) as client:
        for source, target in jobs:
            try:
                document = source.read_bytes()
                sandbox.inspect(document)
                midstate = json.loads(sandbox.tell_midstate(document, place.page))
                stamp = _order_stamp(client, {"midstate": midstate}, source, place)
                if stamp["state"] == "affixed":
                    target.write_bytes(_joined(document, *client.increment(stamp["id"])))
                    yield _outcome(source, "affixed", document=str(target), serial=stamp["serial"])
                else:
                    yield _outcome(source, "returned", reason=stamp["reason"])
            except Refusal as refusal:
                yield _outcome(source, "refused", reason=_reason_of(refusal))


def _joined(document: bytes, increment: bytes, sha256: bytes) -> bytes:
    """The stamped document, which must have the hash that the service tells."""
    whole = document + increment
    if hashlib.sha256(whole).digest() != sha256:
        raise IncrementDiffers
    return whole


def _api_key() -> str:
    key = Settings.from_env().api_key
    if key is None:
        raise ApiKeyMissing
    return key


def _reason_of(refusal: Refusal) -> object:
    """Why a document was refused, by the service or here."""
    return refusal.details.get("reason") or refusal.details.get("code") or refusal.code


def _outcome(
    source: Path, state: str, *, document: str | None = None, serial: str | None = None, reason: object = None
) -> dict[str, Any]:
    return {
        "file": str(source),
        "state": state,
        "document": document,
        "serial": serial,
        "reason": reason,
        "normalised": False,
    }


def _order_stamp(
    client: Client, document: Mapping[str, object], source: Path, place: Place
) -> dict[str, Any]:
    """The stamp once it has ended; `document` names it, or stands for it."""
    wanted = {
        **document,
        "page": place.page,
        "x": place.x_pt,
        "y": place.y_pt,
        "width": place.side_pt,
        "document_type": "dokumen",
        "document_no": source.stem[:64],
        "document_date": utc_now().date().isoformat(),
    }
    stamp = client.post("/v1/stamps", wanted, idempotency_key=fresh_key(), prefer=f"wait={WAIT_S}")
    while stamp["state"] not in {"affixed", "returned"}:
        stamp = client.get(f"/v1/stamps/{stamp['id']}")
    return stamp


def serial_run(first: str) -> Iterator[str]:
    """`first` as it is, then the numbers after it: 21 characters count, the last one checks them."""
    if SERIAL.fullmatch(first) is None:
        raise SerialMalformed(serial_no=first)
    yield first
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    value = int(first[:-1], 36)
    while True:
        value += 1
        rest, body = value, ""
        for _ in range(len(first) - 1):
            rest, digit = divmod(rest, 36)
            body = digits[digit] + body
        yield body + check_character(body)


def _read_key(key: Path, chain: Path) -> tuple[PrivateKey, Chain]:
    """The seal key and its chain; raises `KeyUnusable`."""
    try:
        return load_key(key.read_bytes()), read_chain(chain.read_bytes(), "offline")
    except (OSError, ValueError) as error:
        raise KeyUnusable(why=str(error)) from error


def _place(page: int, at: str, width: float) -> Place:
    try:
        x, y = map(float, at.split(","))
    except ValueError as error:
        raise PlaceMalformed(at=at) from error
    return Place(page=page, x_pt=x, y_pt=y, side_pt=width)


def _words(outcome: dict[str, Any]) -> str:
    if outcome["state"] == "affixed":
        told = f"[green]✓[/green] {outcome['file']} → {outcome['document']}  {outcome['serial']}"
        return f"{told}\n  {NORMALISED.id}" if outcome["normalised"] else told
    return f"[red]✗[/red] {outcome['file']}  {outcome['state']}: {outcome['reason']}"
