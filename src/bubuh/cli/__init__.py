"""The command `bubuh`: every part of the service, and what operators, integrators and auditors do with it."""

from __future__ import annotations

import sys

import typer

from bubuh.cli.account import account
from bubuh.cli.affix import affix_command
from bubuh.cli.db import db
from bubuh.cli.demo import demo_command
from bubuh.cli.output import ASIDE
from bubuh.cli.processes import gateway_command, signer_command, web_command, worker_command
from bubuh.cli.quota import quota
from bubuh.cli.up import up_command
from bubuh.cli.verify import verify_command
from bubuh.core.errors import Fault, Refusal
from bubuh.settings import BadSetting

app = typer.Typer(
    name="bubuh",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Bubuh: open electronic stamp duty. Meterai elektronik yang terbuka.",
)
app.command("up")(up_command)
app.command("web")(web_command)
app.command("worker")(worker_command)
app.command("signer")(signer_command)
app.command("gateway")(gateway_command)
app.command("demo")(demo_command)
app.command("affix")(affix_command)
app.command("verify")(verify_command)
app.add_typer(account, name="account")
app.add_typer(quota, name="quota")
app.add_typer(db, name="db")


def main() -> None:
    """Run one command. A refusal, a fault and a bad setting end in one line and exit code 1."""
    try:
        app()
    except (Refusal, Fault, BadSetting) as error:
        code = getattr(error, "code", "bad_setting")
        words = str(error)
        ASIDE.print(f"[red]{code}[/red]  {words if words != code else ''}")
        sys.exit(1)
