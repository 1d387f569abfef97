"""The keys that lie in a data folder, as the signer uses them."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import msgspec
import structlog

from bubuh.adapters.file_seal_key import FileSealKey
from bubuh.adapters.pkcs11_seal_key import Device, Pkcs11SealKey
from bubuh.pdf.model import Chain
from bubuh.pdf.seal.keys import load_key, sign
from bubuh.signer.heads import StatementKey
from bubuh.stamping.ports import SealKey
from bubuh.stamping.refusals import SignerUnavailable
from bubuh.wiring.folder import DataFolder
from bubuh.wiring.keys import keyring_of, read_statement_chain

_log = structlog.get_logger(__name__)


class FolderSealKeys:
    """`stamping.ports.SealKeys` of a folder. A key that comes is found when it is asked for, and one that
    was destroyed is let go of.
    """

    def __init__(self, folder: DataFolder) -> None:
        """Loads nothing yet."""
        self._folder = folder
        self._keyring = keyring_of(folder)
        self._loaded: dict[str, SealKey] = {}

    def load(self) -> None:
        """Load what there is, so that a key that cannot be used is known at once.

        Raises:
            SignerUnavailable: one of them cannot be used.
        """
        for key_id in self._keyring().chains:
            self.get(key_id)
        _log.info("seal_keys_loaded", keys=sorted(self._loaded))

    def get(self, key_id: str) -> SealKey | None:
        """See `stamping.ports.SealKeys.get`."""
        chains = self._keyring().chains
        if key_id not in chains:  # whoever asks names no file of his own choice
            return None
        at = place_of_key(self._folder, key_id)
        if at is None:
            self._loaded.pop(key_id, None)
        elif key_id not in self._loaded:
            self._loaded[key_id] = load_seal_key(at, chains[key_id])
        return self._loaded.get(key_id)


def place_of_key(folder: DataFolder, key_id: str) -> Path | None:
    """The file that describes the key's device, else the file that holds the key, else None."""
    places = (folder.keys / f"{key_id}{kind}" for kind in (".json", ".pem"))
    return next((place for place in places if place.exists()), None)


def load_seal_key(at: Path, chain: Chain) -> SealKey:
    """The key of `chain` at a place that `place_of_key` named; raises `SignerUnavailable`."""
    if at.suffix == ".json":
        return Pkcs11SealKey(read_device(at), chain)
    return FileSealKey.load(at, chain)


def read_device(at: Path) -> Device:
    """The description of a device; raises `SignerUnavailable` when it is none."""
    try:
        return msgspec.json.decode(at.read_bytes(), type=Device)
    except (OSError, msgspec.DecodeError) as error:
        raise SignerUnavailable(f"{at.name} describes no device: {type(error).__name__}") from error


def load_statement_key(folder: DataFolder) -> StatementKey | None:
    """The key that signs what is no stamp; None, loudly, where the folder has none for that alone."""
    chain = read_statement_chain(folder)
    if chain is None or not folder.statement_key.exists():
        _log.error(
            "no_statement_key", meaning="neither statements nor the ends of the transfer chains are signed"
        )
        return None
    return StatementKey(chain=chain, sign=partial(sign, load_key(folder.statement_key.read_bytes())))
