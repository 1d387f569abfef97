"""`bubuh verify`: whether documents are genuine; one, or a million in folders."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncGenerator, Iterator
from contextlib import AsyncExitStack, aclosing
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.progress import Progress

from bubuh.cli.ledger import HttpLedger
from bubuh.cli.output import ASIDE, Json, answer
from bubuh.cli.report import WORDS, Write, kept
from bubuh.core.clock import utc_now
from bubuh.core.errors import Refusal
from bubuh.core.privileges import Uids
from bubuh.edge.verdicts import FINDINGS, VERDICT_REASONS
from bubuh.pdf.model import Indication, Judgement, Trust
from bubuh.pdf.seal.pki import from_pem
from bubuh.sandbox import Sandbox
from bubuh.settings import Settings, data_folder
from bubuh.verification.model import StampVerdict, Verdict, Word
from bubuh.verification.ports import Ledger
from bubuh.verification.verify import verify
from bubuh.verification.weigh import weigh
from bubuh.wiring.folder import DataFolder

_CORES: Final = len(os.sched_getaffinity(0))
_MARK: Final = {
    Word.GENUINE: "[green]✓[/green]",
    Word.NOT_GENUINE: "[red]✗[/red]",
    Word.NOT_PROVABLE: "[yellow]?[/yellow]",
}


_UNREADABLE: Final = Judgement(indication=Indication.INDETERMINATE, reasons=("file_unreadable",))
_Judged = tuple[Path, str | None, Verdict]  #: a file, the SHA-256 of what was judged, if it could be read


class NoRoot(Refusal):
    """No root certificate to believe: give `--trust`, or a BUBUH_DATA that has one."""

    code = "no_root"


def verify_command(
    files: Annotated[list[Path], typer.Argument(exists=True, help="PDF documents, or folders of them.")],
    trust: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Root certificate, PEM; default: of BUBUH_DATA."),
    ] = None,
    tsa_root: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Roots of time-stamps, PEM; default: BUBUH_TSA_ROOT."),
    ] = None,
    url: Annotated[str | None, typer.Option(help="A service whose ledger is asked too.")] = None,
    jobs: Annotated[int, typer.Option(min=1, max=256, help="How many at once.")] = _CORES,
    csv: Annotated[Path | None, typer.Option(dir_okay=False, help="Keep a table here.")] = None,
    html: Annotated[Path | None, typer.Option(dir_okay=False, help="Keep a page for people here.")] = None,
    as_json: Json = False,
) -> None:
    """Judge each of FILES; exit 0 only if all are genuine. Without --url the ledger is not asked."""
    settings = Settings.from_env()
    root = trust or DataFolder(data_folder(settings)).root_certificate
    if not root.exists():
        raise NoRoot(path=str(root))
    of_time = tsa_root or settings.tsa_root
    believed = Trust(
        roots=from_pem(root.read_bytes()),
        now=utc_now(),
        timestamp_roots=() if of_time is None else from_pem(of_time.read_bytes()),
    )
    documents = list(_documents(files))
    asked = f"buku besar ditanya: {url}" if url else "buku besar tidak ditanya"
    with kept(csv, html, now=believed.now, asked=asked) as keep:
        run = _run(documents, believed, url=url, jobs=jobs, keep=keep, as_json=as_json)
        all_genuine = asyncio.run(run)
    raise typer.Exit(code=0 if all_genuine else 1)


async def _run(
    documents: list[Path], trust: Trust, *, url: str | None, jobs: int, keep: Write, as_json: bool
) -> bool:
    """Judge, say and keep each document in its order; whether all are genuine."""
    all_genuine = True
    async with AsyncExitStack() as stack:
        sandbox = stack.enter_context(Sandbox.start(Uids.here().sandbox, at_once=jobs))
        ledger = await stack.enter_async_context(HttpLedger(url)) if url else None
        bar = stack.enter_context(Progress(console=ASIDE, transient=True, disable=len(documents) < 2))
        task = bar.add_task("memeriksa / verifying", total=len(documents))
        judged = _judged(documents, trust, sandbox, ledger, jobs=jobs)
        async for file, sha256, verdict in await stack.enter_async_context(aclosing(judged)):
            all_genuine &= verdict.is_genuine
            facts = _facts(file, sha256, verdict)
            keep(facts)
            answer(facts, as_json=as_json, words=_words(facts, verdict))
            bar.advance(task)
    return all_genuine


async def _judged(
    documents: list[Path], trust: Trust, sandbox: Sandbox, ledger: Ledger | None, *, jobs: int
) -> AsyncGenerator[_Judged, None]:
    """Each document with its verdict, in order; twice `jobs` are in hand, so that no core waits."""

    async def judge(file: Path) -> _Judged:
        try:
            data = await asyncio.to_thread(file.read_bytes)
        except OSError:  # it must not take the others' verdicts with it
            return file, None, weigh(_UNREADABLE, None if ledger is None else {})
        sha256 = hashlib.sha256(data).hexdigest()
        return file, sha256, await verify(data, sandbox=sandbox, trust=trust, ledger=ledger)

    left = iter(documents)
    in_hand = [asyncio.create_task(judge(file)) for file in islice(left, 2 * jobs)]
    try:
        while in_hand:
            yield await in_hand.pop(0)
            in_hand += [asyncio.create_task(judge(file)) for file in islice(left, 1)]
    finally:
        for task in in_hand:
            task.cancel()
        await asyncio.gather(*in_hand, return_exceptions=True)


def _documents(files: list[Path]) -> Iterator[Path]:
    for file in files:
        if file.is_dir():
            yield from sorted(
                found for found in file.rglob("*") if found.suffix.lower() == ".pdf" and not found.is_dir()
            )
        else:
            yield file


def _facts(file: Path, sha256: str | None, verdict: Verdict) -> dict[str, Any]:
    return {
        "file": str(file),
        "sha256": sha256,
        "verdict": str(verdict.verdict),
        "indication": str(verdict.indication),
        "sub_indication": verdict.sub_indication,
        "serial": verdict.serial_no,
        "reasons": list(verdict.reasons),
        "findings": list(verdict.findings),
        "details": [
            *(VERDICT_REASONS[reason].id for reason in verdict.reasons),
            *(FINDINGS[finding].id for finding in verdict.findings),
        ],
        "stamps": [_of_stamp(stamp) for stamp in verdict.stamps],
    }


def _of_stamp(stamp: StampVerdict) -> dict[str, Any]:
    return {
        "serial": stamp.serial_no,
        "indication": str(stamp.indication),
        "sub_indication": stamp.sub_indication,
        "reasons": list(stamp.reasons),
        "page": stamp.page,
        "signed_at": stamp.signed_at,
        "affixed_at": stamp.affixed_at,
        "digest": None if stamp.digest is None else stamp.digest.hex(),
        "added": list(stamp.added),
    }


def _words(facts: dict[str, Any], verdict: Verdict) -> str:
    why = " ".join(facts["details"])
    return (
        f"{_MARK[verdict.verdict]} {WORDS[verdict.verdict]}  {facts['file']}  {facts['serial'] or '-'}  {why}"
    )
