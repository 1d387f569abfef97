"""`bubuh signer`: alone holds the seal key."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from bubuh.adapters.file_seal_key import FileSealKey
from bubuh.cli.processes.common import Fd, become, begin, run_until_signalled, serve_metrics
from bubuh.db.pool import Database
from bubuh.db.roles import SIGNER
from bubuh.settings import RunFile
from bubuh.signer.server import SignerServer
from bubuh.wiring.keys import read_chains

_POOL = 2  #: connections


def signer_command(metrics_fd: Fd = None) -> None:
    """Alone holds the seal key: serial in, signature out."""
    settings, folder, uids = begin()
    run = RunFile.read(folder.path)
    assert run.signer_socket is not None, "run.json names the signer's socket"
    path = Path(run.signer_socket)
    become(uids.signer, "bubuh.signer", supervised=settings.supervised)
    serve_metrics(metrics_fd)
    stop = asyncio.Event()
    allowed = frozenset({os.geteuid() if uids.app is None else uids.app})

    async def serve() -> None:
        keys = {
            key_id: FileSealKey.load(folder.keys / f"{key_id}.pem", chain)
            for key_id, chain in read_chains(folder).items()
        }
        async with await Database.open(settings.database_url or run.databases[SIGNER], size=_POOL) as db:
            await SignerServer(db, keys, allowed_uids=allowed).serve(path, stop)

    run_until_signalled(serve(), stop)
