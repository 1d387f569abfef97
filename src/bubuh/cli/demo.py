"""`bubuh demo`: the whole job once, over HTTP: buy, pay, stamp, download, verify."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from bubuh.cli.client import WAIT_S, Client, ServiceUnreachable, fresh_key
from bubuh.cli.output import ASIDE, PEOPLE, Json, answer
from bubuh.settings import NotRunning, RunFile, Settings, data_folder

_START_WITHIN_S: Final = 90.0
_PAID_WITHIN_S: Final = 60.0
_TICK_S: Final = 0.1

Say = Callable[[str, str], None]


def demo_command(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The PDF to stamp.")],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Where the result goes.")] = None,
    url: Annotated[str | None, typer.Option(help="The service's address; default: of BUBUH_DATA.")] = None,
    start: Annotated[
        bool, typer.Option("--start", help="Start a service for it, and stop it after.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Buy one stamp, pay, stamp FILE, download it and verify it, against a development service."""
    target = output or Path(f"{file.stem}-bermeterai.pdf").absolute()
    say: Say = (lambda _name, _words: None) if as_json else _say
    if start:
        with started_service() as address:
            facts = run_demo(address, file, target, say)
    else:
        facts = run_demo(url or running_service(), file, target, say)
    if as_json:
        answer(facts, as_json=True)
    else:
        PEOPLE.print(f"\nDokumen bermeterai / stamped document: [bold]{target}[/bold]")
    raise typer.Exit(code=0 if facts["verdict"] == "genuine" else 1)


def run_demo(url: str, file: Path, target: Path, say: Say) -> dict[str, Any]:
    """The whole job against the service at `url`; answers what happened."""
    with Client(url) as anyone:
        account = anyone.post("/dev/accounts", {})
        say("akun", f"{account['id']}")
        with Client(url, key=account["key"]) as client:
            order = buy(client, say)
            document = client.upload(file)
            say("dokumen", f"{document['id']}, {document['pages']} halaman")
            stamp = affix(client, document, say)
            stamped = client.download(f"/v1/stamps/{stamp['id']}/document")
            target.write_bytes(stamped)
            say("unduh", f"{len(stamped):,} byte".replace(",", "."))
            left = client.get("/v1/quota")
        verdict = anyone.verify(stamped)
    say("verifikasi", f"{verdict['verdict']} ({verdict['indication']})")
    say("kuota", f"{left['free']} bebas, {left['held']} ditahan, {left['used']} terpakai")
    return {
        "order_id": order["id"],
        "stamp_id": stamp["id"],
        "serial": stamp["serial"],
        "verdict": verdict["verdict"],
        "document": str(target),
    }


def buy(client: Client, say: Say) -> dict[str, Any]:
    """Order one stamp, press "Bayar" at the development gateway, and wait until it is credited."""
    order = client.post("/v1/orders", {"stamps": 1, "method": "qris"}, idempotency_key=fresh_key())
    say("pesanan", f"{order['id']}, {_rupiah(order['amount_idr'])}")
    give_up = time.monotonic() + _PAID_WITHIN_S
    paid = False
    while order["state"] != "filled":
        if time.monotonic() > give_up:
            raise ServiceUnreachable(f"order {order['id']} is {order['state']} after {_PAID_WITHIN_S:.0f} s")
        if order["payment"] and not paid:
            client.press(order["payment"]["pay_url"])
            paid = True
        time.sleep(_TICK_S)
        order = client.get(f"/v1/orders/{order['id']}")
    say("bayar", "lunas, kuota masuk")
    return order


def affix(client: Client, document: dict[str, Any], say: Say) -> dict[str, Any]:
    """Affix a stamp on the last page and wait until it has ended."""
    wanted = {
        "document_id": document["id"],
        "page": document["pages"],
        "x": 400.0,
        "y": 600.0,
        "width": 70.0,
        "document_type": "surat-lamaran",
        "document_no": "1",
        "document_date": datetime.now(tz=UTC).date().isoformat(),
    }
    stamp = client.post("/v1/stamps", wanted, idempotency_key=fresh_key(), prefer=f"wait={WAIT_S}")
    while stamp["state"] not in {"affixed", "returned"}:
        time.sleep(_TICK_S)
        stamp = client.get(f"/v1/stamps/{stamp['id']}")
    if stamp["state"] == "returned":
        raise ServiceUnreachable(f"stamp {stamp['id']} was returned: {stamp['reason']}")
    say("meterai", f"{stamp['serial']}")
    return stamp


def running_service() -> str:
    """The address of the service whose data folder the environment names; raises `NotRunning`."""
    address = RunFile.read(data_folder(Settings.from_env())).web
    if address is None:
        raise NotRunning("run.json names no web address")
    return address


@contextmanager
def started_service() -> Iterator[str]:
    """A service of our own on a free port, with the environment's data folder, ended with the block."""
    settings = Settings.from_env()
    command = [sys.executable, "-m", "bubuh", "up", "--port", "0", "--data", str(settings.data)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, env=os.environ | {"BUBUH_LOG": "error"}) as up:  # noqa: S603
        try:
            yield _until_ready(up, settings)
        finally:
            up.send_signal(signal.SIGTERM)
            up.wait()


def _until_ready(up: subprocess.Popen[bytes], settings: Settings) -> str:
    give_up = time.monotonic() + _START_WITHIN_S
    while time.monotonic() < give_up and up.poll() is None:
        time.sleep(_TICK_S)
        try:
            run = RunFile.read(data_folder(settings))
            if run.web and run.pids.get("up") == up.pid:
                with Client(run.web) as client:
                    client.get("/health/ready")
                return run.web
        except (NotRunning, ServiceUnreachable):
            continue
    raise ServiceUnreachable(f"the service did not get ready; see {data_folder(settings) / 'logs'}")


def _say(name: str, words: str) -> None:
    ASIDE.print(f"[green]✓[/green] [bold]{name:<11}[/bold] {words}")


def _rupiah(amount_idr: int) -> str:
    return f"Rp{amount_idr:,}".replace(",", ".")
