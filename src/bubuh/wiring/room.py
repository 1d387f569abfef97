"""The waiting room's keys and folder."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bubuh.adapters.gate_calls import GateCalls
from bubuh.db.rights import make_folder, write_whole
from bubuh.edge.door import Door
from bubuh.edge.wellbeing import Wellbeing
from bubuh.settings import RunFile, Settings
from bubuh.waitingroom.keyring import KeyRing
from bubuh.waitingroom.ring_file import RingFile
from bubuh.waitingroom.room_file import RoomFile, Watched
from bubuh.wiring.folder import DataFolder

TURN_RING: Final = "turn.keys"
PASS_RING: Final = "pass.keys"  # noqa: S105 - the name of a file
NOW_KEY: Final = "now.key"


def settle_room(folder: DataFolder, uid: int | None) -> None:
    """Make the room's folder and keys, for `uid` alone; what is there stays."""
    make_folder(folder.room, 0o711, uid=uid)
    make_folder(folder.room / "public", 0o755, uid=uid)
    for name in (TURN_RING, PASS_RING):
        path = folder.secrets / name
        if not path.exists():
            write_whole(path, KeyRing.fresh().show(), mode=0o600, uid=uid)
    folder.secret(NOW_KEY, uid)


def read_ring(folder: DataFolder, name: str) -> KeyRing:
    """The ring `name`; raises OSError when this process may not read it."""
    return KeyRing.parse((folder.secrets / name).read_text(encoding="ascii"))


def rotate_rings(folder: DataFolder, uid: int | None, *, now_s: int, after_s: int) -> dict[str, KeyRing]:
    """Put a new key into both rings, each whole or not at all; after a crash between them call it again.

    Raises `RingFull`.
    """
    rings = {
        name: read_ring(folder, name).rotated(now_s=now_s, after_s=after_s) for name in (TURN_RING, PASS_RING)
    }
    for name, ring in rings.items():
        write_whole(folder.secrets / name, ring.show(), mode=0o600, uid=uid)
    return rings


def read_now_key(folder: DataFolder) -> Ed25519PrivateKey:
    """What `now.json` is signed with."""
    return Ed25519PrivateKey.from_private_bytes(folder.read_secret(NOW_KEY))


@asynccontextmanager
async def open_door(settings: Settings, folder: DataFolder, wellbeing: Wellbeing) -> AsyncIterator[Door]:
    """The door of one web process, which tells the gate of passes and of how well it is."""
    run = RunFile.read(folder.path)
    inside, outside = run.gate or settings.gate_url, settings.gate_url or run.gate
    assert inside is not None, "run.json or BUBUH_GATE_URL names the gate"
    assert outside is not None
    gate = GateCalls(inside)
    watched = Watched(folder.room, RoomFile())
    ring = RingFile(folder.secrets / PASS_RING)
    door = Door(
        watched, ring.ring(), gate, gate_url=outside, health=lambda: wellbeing.health, rings=ring.ring
    )
    tasks = [
        asyncio.create_task(wellbeing.run(), name="looking how well we are"),
        asyncio.create_task(door.run(), name="telling the gate"),
    ]
    try:
        yield door
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        gate.close()
