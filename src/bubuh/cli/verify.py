"""`bubuh verify`: whether documents are genuine, without asking anybody but a root certificate."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

import typer

from bubuh.cli.output import Json, answer
from bubuh.core.clock import utc_now
from bubuh.core.errors import Refusal
from bubuh.core.privileges import Uids
from bubuh.pdf.model import Trust
from bubuh.pdf.pki import from_pem
from bubuh.sandbox import Sandbox
from bubuh.settings import Settings, data_folder
from bubuh.verification.model import Verdict, Word
from bubuh.verification.verify import verify
from bubuh.wiring.folder import DataFolder

_MARK = {Word.GENUINE: "[green]✓ asli[/green]", Word.NOT_GENUINE: "[red]✗ tidak asli[/red]"}
_UNPROVEN = "[yellow]? tidak dapat dibuktikan[/yellow]"


class NoRoot(Refusal):
    """No root certificate to believe: give `--trust`, or a BUBUH_DATA that has one."""

    code = "no_root"


def verify_command(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="PDF documents.")],
    trust: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Root certificate, PEM; default: of BUBUH_DATA."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Judge each of FILES; exit 0 only if all are genuine. The ledger is not asked."""
    root = trust or DataFolder(data_folder(Settings.from_env())).root_certificate
    if not root.exists():
        raise NoRoot(path=str(root))
    believed = Trust(roots=from_pem(root.read_bytes()), now=utc_now())

    async def run() -> bool:
        all_genuine = True
        with Sandbox.start(Uids.here().sandbox) as sandbox:
            async for file, verdict in _judged(files, believed, sandbox):
                all_genuine &= verdict.is_genuine
                facts = _facts(file, verdict)
                answer(facts, as_json=as_json, words=_words(facts, verdict))
        return all_genuine

    raise typer.Exit(code=0 if asyncio.run(run()) else 1)


async def _judged(files: list[Path], trust: Trust, sandbox: Sandbox) -> AsyncIterator[tuple[Path, Verdict]]:
    for file in files:
        yield file, await verify(file.read_bytes(), sandbox=sandbox, trust=trust, ledger=None)


def _facts(file: Path, verdict: Verdict) -> dict[str, Any]:
    return {
        "file": str(file),
        "verdict": str(verdict.verdict),
        "indication": str(verdict.indication),
        "sub_indication": verdict.sub_indication,
        "serial": verdict.serial_no,
        "reasons": list(verdict.reasons),
        "findings": list(verdict.findings),
    }


def _words(facts: dict[str, Any], verdict: Verdict) -> str:
    why = ", ".join([*verdict.reasons, *verdict.findings])
    return f"{_MARK.get(verdict.verdict, _UNPROVEN)}  {facts['file']}  {facts['serial'] or '-'}  {why}"
