"""The command `bubuh`: every part of the service, and what operators, integrators and auditors do with it."""

from __future__ import annotations

import gc
import sys
from collections.abc import Mapping
from importlib import import_module
from types import ModuleType
from typing import Annotated, Any, Final, cast

import typer
from rich.markup import escape
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

from bubuh import __version__
from bubuh.cli.output import ASIDE
from bubuh.core.errors import Fault, Refusal
from bubuh.settings import BadSetting

#: Where each command stands; imported when it is asked for, because the whole takes a second to load.
COMMANDS: Final[Mapping[str, str]] = {
    "up": "bubuh.cli.up:up_command",
    "demo": "bubuh.cli.demo:demo_command",
    "affix": "bubuh.cli.affix:affix_command",
    "verify": "bubuh.cli.verify:verify_command",
    "account": "bubuh.cli.account:account",
    "quota": "bubuh.cli.quota:quota",
    "payments": "bubuh.cli.payments:payments",
    "refunds": "bubuh.cli.refunds:refunds",
    "outage": "bubuh.cli.outage:outage",
    "room": "bubuh.cli.room:room",
    "deadline": "bubuh.cli.deadline:deadline",
    "partner": "bubuh.cli.partner:partner",
    "turn": "bubuh.cli.turn:turn",
    "brownout": "bubuh.cli.brownout:brownout",
    "complaints": "bubuh.cli.complaints:complaints",
    "audit": "bubuh.cli.audit:audit",
    "serials": "bubuh.cli.serials:serials",
    "keys": "bubuh.cli.keys:keys",
    "db": "bubuh.cli.db:db",
    "web": "bubuh.cli.processes.web:web_command",
    "worker": "bubuh.cli.processes.worker:worker_command",
    "signer": "bubuh.cli.processes.signer:signer_command",
    "status": "bubuh.cli.processes.status:status_command",
    "gate": "bubuh.cli.processes.gate:gate_command",
    "gateway": "bubuh.cli.processes.gateway:gateway_command",
    "docs": "bubuh.cli.docs:docs",
    "bench": "bubuh.cli.bench:bench",
    "drill": "bubuh.cli.drill:drill",
}


class _Commands(TyperGroup):
    """`COMMANDS`, in their order."""

    def list_commands(self, ctx: Any) -> list[str]:
        """See `TyperGroup.list_commands`."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> TyperCommand | None:
        """See `TyperGroup.get_command`."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        found = getattr(_load(module), name)
        if isinstance(found, typer.Typer):
            group = get_group(found)
            group.name = cmd_name
            return cast("TyperCommand", group)
        alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        alone.command(cmd_name)(found)
        return cast("TyperCommand", get_command(alone))


def _load(module: str) -> ModuleType:
    """Import without the collector, which would walk in vain what is there to stay; a tenth of the time."""
    gc.disable()
    try:
        loaded = import_module(module)
        if "structlog" in sys.modules:
            import_module("bubuh.cli.logs").log_aside()
        return loaded
    finally:
        gc.freeze()
        gc.enable()


app = typer.Typer(name="bubuh", cls=_Commands, no_args_is_help=True, pretty_exceptions_enable=False)


def _tell_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def bubuh(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Tell the version.")
    ] = False,
) -> None:
    """Bubuh: meterai elektronik yang terbuka. Open electronic stamp duty."""


def main() -> None:
    """Run one command. A refusal, a fault and a bad setting end in one line and exit code 1."""
    try:
        app()
    except (Refusal, Fault, BadSetting) as error:
        ASIDE.print(_in_words(error))
        sys.exit(1)


def _in_words(error: Exception) -> str:
    """Its code, what it means, and the facts it carries."""
    code = getattr(error, "code", "bad_setting")
    kind = (type(error).__doc__ or "").partition("\n")[0]
    if isinstance(error, Refusal):
        facts = ", ".join(f"{name}={value}" for name, value in error.details.items())
        words = f"{kind} ({facts})" if facts else kind
    else:
        words = str(error) if str(error) not in {"", code} else kind
    return f"[red]{code}[/red]  {escape(words)}"
