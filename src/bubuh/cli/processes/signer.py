"""`bubuh signer`: alone holds the seal key."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import msgspec

from bubuh.adapters.file_seal_key import FileSealKey
from bubuh.adapters.pkcs11_seal_key import Device, Pkcs11SealKey
from bubuh.cli.processes.common import Fd, become, begin, run_until_signalled, serve_metrics
from bubuh.db.pool import Database
from bubuh.db.roles import SIGNER
from bubuh.pdf.model import Chain
from bubuh.settings import RunFile
from bubuh.signer.server import SignerServer
from bubuh.stamping.ports import SealKey
from bubuh.wiring.folder import DataFolder
from bubuh.wiring.keys import read_chains

_POOL = 2  #: connections


def signer_command(metrics_fd: Fd = None) -> None:
    """Alone holds the seal key: serial in, signature out."""
    settings, folder, uids = begin()
    run = RunFile.read(folder.path)
    assert run.signer_socket is not None, "run.json names the signer's socket"
    path = Path(run.signer_socket)
    become(uids.signer, "bubuh.signer", parent_pid=settings.supervised_by)
    serve_metrics(metrics_fd)
    stop = asyncio.Event()
    allowed = frozenset({os.geteuid() if uids.app is None else uids.app})

    async def serve() -> None:
        keys = {key_id: _seal_key(folder, chain) for key_id, chain in read_chains(folder).items()}
        address = settings.signer_database_url or settings.database_url or run.databases[SIGNER]
        async with await Database.open(address, size=_POOL) as db:
            await SignerServer(db, keys, allowed_uids=allowed).serve(path, stop)

    run_until_signalled(serve(), stop)


def _seal_key(folder: DataFolder, chain: Chain) -> SealKey:
    """The key of `chain`: in the device that `keys/ID.json` describes, else in the file `keys/ID.pem`."""
    device = folder.keys / f"{chain.key_id}.json"
    if device.exists():
        return Pkcs11SealKey(msgspec.json.decode(device.read_bytes(), type=Device), chain)
    return FileSealKey.load(folder.keys / f"{chain.key_id}.pem", chain)
