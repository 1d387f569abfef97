"""How affixing one file ended: one shape for programs, one line or two for people."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from bubuh.core.errors import Refusal
from bubuh.edge.reasons import FLAGS, NORMALISED
from bubuh.pdf.intake.flags import Flag

AFFIXED: Final = "affixed"


def affixed(
    source: Path, target: Path, serial: str, *, flags: Iterable[str], normalised: bool = False
) -> dict[str, Any]:
    """`source` bears a stamp now, and lies in `target`; `flags` are codes of what inspection found in it."""
    found = {"document": str(target), "serial": serial, "flags": list(flags), "normalised": normalised}
    return _outcome(source, AFFIXED) | found


def failed(source: Path, state: str, reason: object) -> dict[str, Any]:
    """It does not: `returned` by the service, or `refused` by it or here."""
    return _outcome(source, state) | {"reason": reason}


def refused(source: Path, refusal: Refusal) -> dict[str, Any]:
    """The same, by what refused it."""
    details = refusal.details
    return failed(source, "refused", details.get("reason") or details.get("code") or refusal.code)


def words(outcome: dict[str, Any]) -> str:
    """The same for people."""
    if outcome["state"] != AFFIXED:
        return f"[red]✗[/red] {outcome['file']}  {outcome['state']}: {outcome['reason']}"
    told = f"[green]✓[/green] {outcome['file']} → {outcome['document']}  {outcome['serial']}"
    beside = [NORMALISED.id] if outcome["normalised"] else []
    beside += [FLAGS[Flag(flag)].id for flag in outcome["flags"]]
    return "\n  ".join((told, *beside))


def _outcome(source: Path, state: str) -> dict[str, Any]:
    return {
        "file": str(source),
        "state": state,
        "document": None,
        "serial": None,
        "reason": None,
        "normalised": False,
        "flags": [],
    }
