"""The waiting room's keys and folder."""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bubuh.db.rights import make_folder, write_whole
from bubuh.waitingroom.keyring import KeyRing
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


def read_now_key(folder: DataFolder) -> Ed25519PrivateKey:
    """What `now.json` is signed with."""
    return Ed25519PrivateKey.from_private_bytes(folder.read_secret(NOW_KEY))
