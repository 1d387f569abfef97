"""`bubuh gateway`: the development gateway."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import uvicorn

from bubuh.adapters.midtrans import MidtransProfile
from bubuh.adapters.xendit import XenditProfile
from bubuh.cli.processes.common import Fd, Port, become, begin, ear, serve_metrics
from bubuh.gateway_dev.app import create_app
from bubuh.gateway_dev.credentials import Credentials
from bubuh.settings import RunFile
from bubuh.wiring.development_bank import read_bank_key
from bubuh.wiring.gateways import ChosenGateway, SnapBank, read_gateways


def gateway_command(port: Port = 0, fd: Fd = None, metrics_fd: Fd = None) -> None:
    """The development gateway: takes no real money, and can be told to fail."""
    settings, folder, uids = begin()
    run = RunFile.read(folder.path)
    listener = ear(fd, port=port)
    become(uids.app, "bubuh.gateway_dev", parent_pid=settings.supervised_by)
    serve_metrics(metrics_fd)
    app = create_app(
        folder.gateway / "book.jsonl",
        credentials_of(
            read_gateways(settings),
            native=folder.read_secret("gateway.secret"),
            bank_key=lambda: read_bank_key(folder),
        ),
        f"{run.web}/gateway/development/notices",
    )
    config = uvicorn.Config(
        app, access_log=False, log_config=None, lifespan="on", timeout_graceful_shutdown=5
    )
    uvicorn.Server(config).run(sockets=[listener])


def credentials_of(
    gateways: Iterable[ChosenGateway], *, native: bytes, bank_key: Callable[[], str]
) -> Credentials:
    """What the development gateway knows us by: those of each gateway whose part it plays.

    `bank_key` is read (PEM) where it plays a bank that signs by RSA.
    """
    known = Credentials(native=native)
    for one in gateways:
        if one.address is None:
            known = msgspec.structs.replace(known, **_of(one))
        if one.has_bank_of_ours:
            known = msgspec.structs.replace(known, **_of_bank(one, bank_key()))
    return known


def _of_bank(gateway: ChosenGateway, pem: str) -> dict[str, Any]:
    """How the bank calls us: with its own key, at the paths that we expect it to sign."""
    assert isinstance(gateway.profile, SnapBank), "asked before"
    profile = gateway.profile.profile
    signs = {"snap_bank_key": pem} if profile.notices == "rsa" else {}
    if profile.accounts is None:
        return signs
    accounts = profile.accounts
    return signs | {
        "snap_token_key": pem,
        "snap_customer_digits": accounts.customer_digits,
        "snap_accounts_client_key": accounts.client_key or profile.client_key,
        "snap_signed_paths": {
            service: path
            for service, path in (("inquiry", accounts.inquiry), ("payment", accounts.payment))
            if path is not None
        },
    }


def _of(gateway: ChosenGateway) -> dict[str, str]:
    match gateway.profile:
        case None:
            return {}
        case MidtransProfile(server_keys=keys):
            return {"midtrans_server_key": keys[0]}
        case XenditProfile(secret_keys=keys, callback_tokens=tokens, callback_secrets=secrets):
            return {
                "xendit_secret_key": keys[0],
                "xendit_callback_token": tokens[0],
                "xendit_callback_secret": secrets[0] if secrets else "",
            }
        case SnapBank(profile=profile, keys=keys):
            return {
                "snap_client_key": profile.client_key,
                "snap_client_secret": keys.secrets[0],
                "snap_customer_key": keys.our_public,
            }
