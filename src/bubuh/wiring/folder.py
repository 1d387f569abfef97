"""What lies where in a data folder, and who may read it."""

from __future__ import annotations

import hashlib
import os
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bubuh.core.privileges import Uids
from bubuh.db.home import ELSEWHERE
from bubuh.db.rights import Owner, can_enter, make_folder, sync_folder, write_whole

KEY_BYTES: Final = 32
WORD_KEY: Final = "word.key"  #: marks what operators say of outages while the database is away
LONGEST_SOCKET_FOLDER: Final = 80  #: bytes; the kernel takes 107 for the whole path of a socket


@dataclass(frozen=True, slots=True)
class DataFolder:
    """Everything this machine keeps, below one folder."""

    path: Path

    @property
    def keys(self) -> Path:
        """The seal keys: the signer's alone."""
        return self.path / "keys"

    @property
    def pki(self) -> Path:
        """Certificates, for everyone to read: root.pem, and one chain a seal key."""
        return self.path / "pki"

    @property
    def root_certificate(self) -> Path:
        """What a checker trusts, PEM."""
        return self.pki / "root.pem"

    @property
    def statement_key(self) -> Path:
        """The key that signs what is no stamp, PEM: the signer's alone."""
        return self.keys / "statement-key.pem"

    @property
    def statement_certificate(self) -> Path:
        """Its certificate and the issuer's, PEM."""
        return self.pki / "statement.pem"

    @property
    def secrets(self) -> Path:
        """What web, worker, gateway and status share: a file for each secret."""
        return self.path / "secrets"

    @property
    def objects(self) -> Path:
        """Sealed documents."""
        return self.path / "objects"

    @property
    def gateway(self) -> Path:
        """The development gateway's own book."""
        return self.path / "gateway"

    @property
    def room(self) -> Path:
        """The waiting room's log, what the operator decided about it, and what everybody may read."""
        return self.path / "room"

    @property
    def letters(self) -> Path:
        """What the development sender would have sent."""
        return self.path / "letters"

    @property
    def status(self) -> Path:
        """The status page's files, for any web server, and what it remembers."""
        return self.path / "status"

    @property
    def logs(self) -> Path:
        """One file a process."""
        return self.path / "logs"

    def settle(self, uids: Uids) -> None:
        """Make the folders, each belonging to whom it is for; what is there stays."""
        make_folder(self.path, 0o711)
        for folder, uid in ((self.keys, uids.signer), (self.secrets, uids.app), (self.objects, uids.app)):
            make_folder(folder, 0o700, uid=uid)
        make_folder(self.gateway, 0o700, uid=uids.app)
        make_folder(self.letters, 0o700, uid=uids.app)
        make_folder(self.status, 0o755, uid=uids.app)
        make_folder(self.pki, 0o755)
        make_folder(self.logs, 0o755)
        sync_folder(self.path)

    def secret(self, name: str, uid: int | None) -> bytes:
        """The 32 secret bytes of `name`, made when absent; `uid` alone may read the file."""
        path = self.secrets / name
        if not path.exists():
            write_whole(path, secrets.token_hex(KEY_BYTES) + "\n", mode=0o600, uid=uid)
        return self.read_secret(name)

    def read_secret(self, name: str) -> bytes:
        """The secret bytes of `name`; raises OSError when this process may not."""
        return bytes.fromhex((self.secrets / name).read_text(encoding="ascii").strip())


def open_folder(wanted: Path, uids: Uids) -> DataFolder:
    """The data folder at `wanted`, made when absent.

    As root its parts belong to users who must be able to walk there. Where they cannot (a checkout in root's
    home, say) the folder is made below /var/lib/bubuh and `wanted` becomes a link to it.
    """
    if uids.app is not None and not wanted.is_symlink() and not _may_walk(wanted, uids.app):
        if wanted.exists() and any(wanted.iterdir()):
            raise NotADirectoryError(
                f"{wanted}: the service's own users cannot walk there; move the folder, "
                f"or open its parents with chmod o+x"
            )
        _link_elsewhere(wanted)
    wanted.mkdir(parents=True, exist_ok=True)
    folder = DataFolder(wanted.resolve())
    folder.settle(uids)
    return folder


def socket_folder(folder: DataFolder, uids: Uids) -> Path:
    """A folder for the signer's socket whose path is short enough; the signer may make files in it."""
    inside = folder.path / "run"
    if len(os.fsencode(inside)) < LONGEST_SOCKET_FOLDER:
        return make_folder(inside, 0o711, uid=uids.signer)
    return make_folder(Path(tempfile.mkdtemp(prefix="bubuh-", dir="/tmp")), 0o711, uid=uids.signer)


def _may_walk(wanted: Path, uid: int) -> bool:
    step = wanted
    while not step.exists():
        step = step.absolute().parent
    return can_enter(step if step != wanted else step.absolute().parent, Owner(uid, uid))


def _link_elsewhere(wanted: Path) -> None:
    name = hashlib.sha256(str(wanted.absolute()).encode()).hexdigest()[:16]
    real = make_folder(ELSEWHERE, 0o711) / name
    make_folder(real, 0o711)
    if wanted.exists():
        wanted.rmdir()
    wanted.parent.mkdir(parents=True, exist_ok=True)
    wanted.symlink_to(real)
    sync_folder(wanted.absolute().parent)
