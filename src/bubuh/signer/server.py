"""Answers the worker over a unix socket, and nobody else: SO_PEERCRED must name a uid it was told of."""

from __future__ import annotations

import asyncio
import socket
import struct
from pathlib import Path

import structlog
from prometheus_client import Counter

from bubuh.core.errors import Fault
from bubuh.db.pool import Database
from bubuh.signer.seal import Seal, seal_n
from bubuh.stamping import wire
from bubuh.stamping.ports import SealKeys

_log = structlog.get_logger(__name__)
_SEALS = Counter("bubuh_signer_seals", "Signatures answered", ["outcome"])
_STRANGERS = Counter("bubuh_signer_strangers", "Connections of other users, cut at once")
_PEERCRED = struct.Struct("3i")  # pid, uid, gid: unix(7)


class SignerServer:
    """Serves one socket until it is closed."""

    def __init__(self, db: Database, keys: SealKeys, *, allowed_uids: frozenset[int]) -> None:
        """`allowed_uids` may ask."""
        self._db = db
        self._keys = keys
        self._allowed_uids = allowed_uids
        self._lines: set[asyncio.StreamWriter] = set()
        self.listening = asyncio.Event()  #: set once callers can connect

    async def serve(self, path: Path, stop: asyncio.Event) -> None:
        """Listen at `path` until `stop` is set; replaces a socket that a dead predecessor left."""
        ear = _listen(path)
        server = await asyncio.start_unix_server(self._answer_line, sock=ear)
        self.listening.set()
        _log.info("signer_ready")
        await stop.wait()
        server.close()
        for line in self._lines:
            line.close()
        await server.wait_closed()

    async def _answer_line(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (uid := _peer_uid(writer)) not in self._allowed_uids:
            _STRANGERS.inc()
            _log.warning("signer_stranger", uid=uid)
            writer.close()
            return
        self._lines.add(writer)
        try:
            while True:
                await wire.write(writer, await self._answer(await wire.read_request(reader)))
        except wire.BrokenLine as broken:
            _log.debug("signer_line_ended", why=str(broken))
        finally:
            self._lines.discard(writer)
            writer.close()

    async def _answer(self, request: wire.Request) -> wire.Answer:
        try:
            if isinstance(request, wire.Health):
                await self._db.fetchval("SELECT 1")
                return wire.Well()
            seals = await seal_n(self._db, self._keys, request.wanted[: wire.MOST_SEALS])
        except Fault as fault:
            _SEALS.labels("fault").inc()
            _log.warning("signer_fault", code=fault.code, why=str(fault))
            return wire.Unwell(fault.code)
        for seal in seals:
            _SEALS.labels(_outcome(seal)).inc()
        return wire.Sealed(
            [seal if isinstance(seal, bytes) else None for seal in seals],
            {place: seal for place, seal in enumerate(seals) if isinstance(seal, str)},
        )


def _outcome(seal: Seal) -> str:
    match seal:
        case None:
            return "refused"
        case str():
            return "fault"
    return "sealed"


def _listen(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    ear = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    ear.bind(str(path))
    path.chmod(0o666)
    return ear


def _peer_uid(writer: asyncio.StreamWriter) -> int:
    peer = writer.get_extra_info("socket")
    raw = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEERCRED.size)
    return int(_PEERCRED.unpack(raw)[1])
