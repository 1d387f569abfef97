"""The seal keys and certificates of a data folder, and the development authority that made them."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from bubuh.core.privileges import Uids
from bubuh.db.rights import write_whole
from bubuh.pdf.model import Chain, Retired, Trust
from bubuh.pdf.seal.pki import development_pki, from_pem, is_for_statements, issue_statement, to_pem
from bubuh.stamping.keyring import Keyring
from bubuh.wiring.folder import DataFolder

RETIRED: Final = ".retired"  #: `pki/ID.retired` holds since when no new stamp is sealed with a key
SETTLED: Final = timedelta(minutes=1)  #: by then no worker is about to choose a key that was retired
DEVELOPMENT_CA: Final = "development-ca.pem"

_FIRST_KEY: Final = "dev-1"
_CLOCK_STEP_NS: Final = 10**8  #: a folder's time may be so much behind the moment of its change


def settle_keys(folder: DataFolder, uids: Uids, *, now: datetime) -> None:
    """Make a development authority, its first seal key and its statement key, when there are none.

    The root certificate is written last: whoever finds it finds the rest. The issuing authority's key stays
    beside the seal keys, for `bubuh keys new`; it belongs to whoever starts the service, not to the signer.
    """
    if not folder.root_certificate.exists():
        _make_authority(folder, uids, now)
    if not folder.statement_certificate.exists() and (folder.keys / DEVELOPMENT_CA).exists():
        _make_statement_key(folder, uids, now)


def _make_authority(folder: DataFolder, uids: Uids, now: datetime) -> None:
    pki = development_pki(now)
    write_whole(folder.keys / DEVELOPMENT_CA, pki.issuing_key.decode(), mode=0o600)
    keep_key(folder, uids, pki.chain(_FIRST_KEY), pki.seal_key.decode(), kind=".pem")
    write_whole(folder.root_certificate, to_pem(pki.root_certificate).decode())


def _make_statement_key(folder: DataFolder, uids: Uids, now: datetime) -> None:
    """The key comes first: whoever finds its certificate finds the key."""
    issuing = next(iter(read_keyring(folder).chains.values())).issuing_certificate
    certificate, key = issue_statement(issuing, (folder.keys / DEVELOPMENT_CA).read_bytes(), now)
    write_whole(folder.statement_key, key.decode(), mode=0o600, uid=uids.signer)
    write_whole(folder.statement_certificate, (to_pem(certificate) + to_pem(issuing)).decode())


def read_statement_chain(folder: DataFolder) -> Chain | None:
    """The chain of the folder's statement key; None without one that its root vouches for.

    The key's id is the first half of its certificate's SHA-256, in hexadecimal.
    """
    if not folder.statement_certificate.exists():
        return None
    certificate, issuing = from_pem(folder.statement_certificate.read_bytes())
    roots = from_pem(folder.root_certificate.read_bytes())
    if not any(is_for_statements(certificate, issuing=issuing, root=root) for root in roots):
        return None
    return Chain(
        key_id=hashlib.sha256(certificate).hexdigest()[:32],
        seal_certificate=certificate,
        issuing_certificate=issuing,
    )


def keep_key(folder: DataFolder, uids: Uids, chain: Chain, key: str, *, kind: str) -> None:
    """Keep a seal key (`kind` .pem) or the description of its device (.json), and then its chain.

    The chain comes last: whoever finds it finds the key.
    """
    write_whole(folder.keys / f"{chain.key_id}{kind}", key, mode=0o600, uid=uids.signer)
    pem = to_pem(chain.seal_certificate) + to_pem(chain.issuing_certificate)
    write_whole(folder.pki / f"{chain.key_id}.pem", pem.decode())
    written = msgspec.json.format(msgspec.json.encode(chain)).decode()
    write_whole(folder.pki / f"{chain.key_id}.json", written + "\n")


def read_keyring(folder: DataFolder) -> Keyring:
    """The chains of the folder, and which of their keys are retired."""
    chains = [_chain_at(path) for path in sorted(folder.pki.glob("*.json"))]
    return Keyring(
        chains={chain.key_id: chain for chain in chains},
        retired=frozenset(path.stem for path in folder.pki.glob(f"*{RETIRED}")),
    )


def keyring_of(folder: DataFolder) -> Callable[[], Keyring]:
    """Reads the keyring, and again once the folder has changed: keys come and go while the service runs."""
    read_at_ns, keyring = 0, Keyring({})

    def present() -> Keyring:
        nonlocal read_at_ns, keyring
        if folder.pki.stat().st_mtime_ns + _CLOCK_STEP_NS >= read_at_ns:
            read_at_ns, keyring = time.time_ns(), read_keyring(folder)
        return keyring

    return present


def read_retired(folder: DataFolder) -> tuple[Retired, ...]:
    """The folder's keys that seal no longer, and since when."""
    return tuple(
        Retired(
            hashlib.sha256(_chain_at(path.with_suffix(".json")).seal_certificate).digest(),
            datetime.fromisoformat(path.read_text(encoding="ascii").strip()) + SETTLED,
        )
        for path in sorted(folder.pki.glob(f"*{RETIRED}"))
    )


def _chain_at(path: Path) -> Chain:
    return msgspec.json.decode(path.read_bytes(), type=Chain)


def read_trust(folder: DataFolder, *, now: datetime, timestamp_roots: tuple[bytes, ...] = ()) -> Trust:
    """What this service's own checker believes: its root, and those of time, at `now`."""
    roots = from_pem(folder.root_certificate.read_bytes())
    retired = read_retired(folder)
    return Trust(roots=roots, now=now, timestamp_roots=timestamp_roots, retired=retired)
