"""The seal keys and certificates of a data folder, and the development authority that made them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from bubuh.core.privileges import Uids
from bubuh.db.rights import write_whole
from bubuh.pdf.model import Chain, Trust
from bubuh.pdf.pki import development_pki, from_pem, to_pem
from bubuh.wiring.folder import DataFolder

_KEY_NO: Final = "dev-1"


def settle_keys(folder: DataFolder, uids: Uids, *, now: datetime) -> None:
    """Make a development authority and its first seal key, when there is none.

    The certificates are written last: whoever finds them finds the key. The authority's own keys are not
    kept: a new seal key in development is a new data folder.
    """
    if folder.root_certificate.exists():
        return
    pki = development_pki(now)
    write_whole(folder.keys / f"{_KEY_NO}.pem", pki.seal_key.decode(), mode=0o600, uid=uids.signer)
    chain = Chain(
        key_id=_KEY_NO,
        seal_certificate=pki.seal_certificate,
        issuing_certificate=pki.issuing_certificate,
        algorithm=pki.algorithm,
    )
    write_whole(
        folder.pki / f"{_KEY_NO}.json", msgspec.json.format(msgspec.json.encode(chain)).decode() + "\n"
    )
    pem = to_pem(pki.seal_certificate) + to_pem(pki.issuing_certificate)
    write_whole(folder.pki / f"{_KEY_NO}.pem", pem.decode())
    write_whole(folder.root_certificate, to_pem(pki.root_certificate).decode())


def read_chains(folder: DataFolder) -> Mapping[str, Chain]:
    """Every chain of the folder, by key id: old stamps verify, and half-made ones are finished, for ever."""
    chains = (
        msgspec.json.decode(path.read_bytes(), type=Chain) for path in sorted(folder.pki.glob("*.json"))
    )
    return {chain.key_id: chain for chain in chains}


def newest_key_id(chains: Mapping[str, Chain]) -> str:
    """The key that new stamps are sealed with."""
    return max(chains)


def read_trust(folder: DataFolder, *, now: datetime) -> Trust:
    """What this service's own checker believes: its root, at `now`."""
    return Trust(roots=from_pem(folder.root_certificate.read_bytes()), now=now)
