"""`bubuh signer`: alone holds the seal key and the statement key."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from bubuh.cli.processes.common import Fd, become, begin, run_until_signalled, serve_metrics
from bubuh.cli.seal_keys import FolderSealKeys, load_statement_key
from bubuh.db.pool import Database
from bubuh.db.roles import SIGNER
from bubuh.settings import RunFile
from bubuh.signer.heads import sign_heads_for_ever
from bubuh.signer.server import SignerServer
from bubuh.signer.statements import sign_statements_for_ever

_POOL = 2  #: connections
_DATABASE_PATIENCE_S = 10.0  #: to load anew costs more than a recovery of the database takes


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
        keys = FolderSealKeys(folder)
        keys.load()
        address = settings.signer_database_url or settings.database_url or run.databases[SIGNER]
        statement_key = load_statement_key(folder)
        async with (
            await Database.open(address, size=_POOL, patience_s=_DATABASE_PATIENCE_S) as db,
            asyncio.TaskGroup() as group,
        ):
            if statement_key is not None:
                group.create_task(sign_heads_for_ever(db, statement_key, stop), name="heads")
                group.create_task(sign_statements_for_ever(db, statement_key, stop), name="statements")
            await SignerServer(db, keys, allowed_uids=allowed).serve(path, stop)

    run_until_signalled(serve(), stop)
