"""`bubuh affix`: affix stamps through a service, or offline with a key; one file or a whole folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import track

from bubuh.cli.affix_offline import Authority, OfflineIncomplete, offline
from bubuh.cli.affix_outcome import AFFIXED, words
from bubuh.cli.affix_service import at_home, through_service
from bubuh.cli.demo import running_service
from bubuh.cli.output import ASIDE, Json, answer
from bubuh.core.errors import Refusal
from bubuh.pdf.model import Place
from bubuh.pdf.seal.pki import from_pem


class PlaceMalformed(Refusal):
    """`--at` is not two numbers with a comma between."""

    code = "place_malformed"


class MidstateOffline(Refusal):
    """A midstate is for a service; who stamps offline has the document."""

    code = "midstate_offline"


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
        outcomes = offline(jobs, place, authority, key=key, chain=chain, serial=serial)
    else:
        through = at_home if midstate else through_service
        outcomes = through(jobs, place, url or running_service())
    unaffixed = 0
    for outcome in track(outcomes, total=len(jobs), console=ASIDE, disable=len(jobs) == 1, transient=True):
        unaffixed += outcome["state"] != AFFIXED
        answer(outcome, as_json=as_json, words=words(outcome))
    raise typer.Exit(code=1 if unaffixed else 0)


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


def _place(page: int, at: str, width: float) -> Place:
    try:
        x, y = map(float, at.split(","))
    except ValueError as error:
        raise PlaceMalformed(at=at) from error
    return Place(page=page, x_pt=x, y_pt=y, side_pt=width)
