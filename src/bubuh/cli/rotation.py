"""Seal keys come, retire and are destroyed while the service runs; their chains stay for ever."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Final

from bubuh.cli.seal_keys import load_seal_key, place_of_key
from bubuh.core.errors import Refusal
from bubuh.core.privileges import Uids
from bubuh.db.rights import sync_folder, write_whole
from bubuh.pdf.judge.verdict import judge
from bubuh.pdf.model import Algorithm, Chain, Intent, Place, Trust
from bubuh.pdf.plain_file import plain_file
from bubuh.pdf.plan import plan
from bubuh.pdf.seal.cms import signed_attributes, signed_data
from bubuh.pdf.seal.pki import from_pem, issue_seal, read_chain, validity
from bubuh.stamping.keyring import Keyring
from bubuh.stamping.ports import SealKey
from bubuh.stamping.refusals import SealKeyMissing
from bubuh.stamping.serial import SERIAL_LETTERS
from bubuh.wiring.folder import DataFolder
from bubuh.wiring.keys import DEVELOPMENT_CA, RETIRED, SETTLED, keep_key, read_keyring

_BLANK: Final = (
    b"<< /Type /Catalog /Pages 2 0 R >>",
    b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>",
)
_KEY_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,30}", re.ASCII)


class SealKeyRefused(Refusal):
    """The key, its certificates and what this service trusts do not fit together."""

    code = "seal_key_refused"


class SealKeyUnknown(Refusal):
    """No chain of such a key lies in this data folder."""

    code = "seal_key_unknown"


class SealKeyExists(Refusal):
    """The name is taken: a key's name stands in the rows of its stamps and is never given twice."""

    code = "seal_key_exists"


class SealKeyNeeded(Refusal):
    """Stamps in work still name the key, or a moment ago it could still be chosen."""

    code = "seal_key_needed"


class NoAuthorityHere(Refusal):
    """The authority that issues certificates is not here: bring key and certificates with `keys add`."""

    code = "no_authority_here"


def new_development_key(
    folder: DataFolder, uids: Uids, key_id: str, *, algorithm: Algorithm, starts_at: datetime
) -> Chain:
    """Make a seal key under the folder's own development authority; it serves from `starts_at` (aware).

    Raises:
        SealKeyExists, SealKeyRefused: the name is taken or malformed.
        NoAuthorityHere: this is no development folder.
    """
    _check_name(folder, key_id)
    authority = folder.keys / DEVELOPMENT_CA
    if not authority.exists():
        raise NoAuthorityHere
    issuing = next(iter(read_keyring(folder).chains.values())).issuing_certificate
    certificate, key = issue_seal(issuing, authority.read_bytes(), starts_at, algorithm=algorithm)
    chain = Chain(
        key_id=key_id, seal_certificate=certificate, issuing_certificate=issuing, algorithm=algorithm
    )
    keep_key(folder, uids, chain, key.decode(), kind=".pem")
    return chain


def add_key(folder: DataFolder, uids: Uids, key_id: str, *, certificates: bytes, key: Path) -> Chain:
    """Bring a key, in a PEM file or in the device that a JSON file describes, with its certificates (PEM).

    Tried before it is kept: our own checker must find a page that it sealed genuine.

    Raises:
        SealKeyExists, SealKeyRefused: the name is taken; something does not fit.
        SignerUnavailable: the key cannot be loaded or its device does not answer.
    """
    _check_name(folder, key_id)
    try:
        chain = read_chain(certificates, key_id)
    except ValueError as error:
        raise SealKeyRefused(why=str(error)) from error
    _try(load_seal_key(key, chain), from_pem(folder.root_certificate.read_bytes()))
    keep_key(folder, uids, chain, key.read_text(encoding="utf-8"), kind=key.suffix)
    return chain


def retire_key(folder: DataFolder, key_id: str, *, now: datetime) -> None:
    """From now on no new stamp is sealed with the key; what was begun with it is finished.

    Raises:
        SealKeyUnknown: there is no such key.
        SealKeyRefused: no other key would serve.
    """
    keyring = read_keyring(folder)
    if key_id not in keyring.chains:
        raise SealKeyUnknown(key_id=key_id)
    if key_id in keyring.retired:
        return
    try:
        Keyring(keyring.chains, keyring.retired | {key_id}).current(now)
    except SealKeyMissing as missing:
        raise SealKeyRefused(why="no other key would serve") from missing
    write_whole(folder.pki / f"{key_id}{RETIRED}", f"{now.isoformat()}\n")


def destroy_key(folder: DataFolder, key_id: str, *, in_work: int, now: datetime) -> None:
    """Delete a retired key's file; its chain stays. `in_work`: how many stamps in work name it.

    A key in a device is only let go of: destroying it there is its keeper's act.

    Raises:
        SealKeyUnknown: there is no such key.
        SealKeyNeeded: it is not retired, or was a moment ago, or stamps still need it.
    """
    if key_id not in read_keyring(folder).chains:
        raise SealKeyUnknown(key_id=key_id)
    retired = folder.pki / f"{key_id}{RETIRED}"
    if not retired.exists() or in_work:
        raise SealKeyNeeded(key_id=key_id, in_work=in_work)
    if now - datetime.fromisoformat(retired.read_text(encoding="ascii").strip()) < SETTLED:
        raise SealKeyNeeded(key_id=key_id, in_work=in_work)
    if (at := place_of_key(folder, key_id)) is not None:
        at.unlink()
        sync_folder(at.parent)


def _check_name(folder: DataFolder, key_id: str) -> None:
    if _KEY_ID.fullmatch(key_id) is None:
        raise SealKeyRefused(why="a name is up to 31 of a-z, 0-9 and -")
    if key_id in read_keyring(folder).chains or place_of_key(folder, key_id) is not None:
        raise SealKeyExists(key_id=key_id)


def _try(key: SealKey, roots: tuple[bytes, ...]) -> None:
    starts_at, _ = validity(key.chain.seal_certificate)
    intent = Intent(
        serial_no="0" * SERIAL_LETTERS,
        place=Place(page=1, x_pt=50.0, y_pt=50.0, side_pt=70.0),
        signed_at=starts_at,
        file_id=bytes(16),
        qr_payload="https://localhost/s/" + "0" * SERIAL_LETTERS,
        key_id=key.chain.key_id,
    )
    page = plain_file(_BLANK)
    increment = plan(page, intent, key.chain)
    signature = key.sign(signed_attributes(increment.digest, key.chain))
    sealed = page + increment.sealed(signed_data(increment.digest, signature, key.chain))
    verdict = judge(sealed, Trust(roots=roots, now=starts_at))
    if not verdict.is_genuine:
        raise SealKeyRefused(why=f"what it seals is {verdict.indication}, {verdict.sub_indication}")
