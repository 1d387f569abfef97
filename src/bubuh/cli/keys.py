"""`bubuh keys`: seal keys come, retire and are destroyed; each act is in the audit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.table import Table

from bubuh.audit.record import record
from bubuh.cli import rotation
from bubuh.cli.output import PEOPLE, Json, answer
from bubuh.cli.seal_keys import place_of_key
from bubuh.cli.service import As, acting_operator, with_database
from bubuh.core.clock import utc_now
from bubuh.core.ids import THE_SERVICE
from bubuh.core.privileges import Uids
from bubuh.core.shards import ALL_SHARDS
from bubuh.db.pool import Database
from bubuh.pdf.model import Algorithm, Chain
from bubuh.pdf.seal.pki import validity
from bubuh.settings import Settings, data_folder
from bubuh.stamping import store
from bubuh.stamping.keyring import Keyring
from bubuh.wiring.folder import DataFolder
from bubuh.wiring.keys import read_keyring

keys = typer.Typer(no_args_is_help=True, help="Seal keys: which there are, and their coming and going.")

Done = TypeVar("Done")
KeyId = Annotated[str, typer.Argument(metavar="KEY", help="The key's name.")]
_KINDS = {".pem": "file", ".json": "device"}


@keys.command("list")
def list_command(as_json: Json = False) -> None:
    """All keys there ever were: what each does now, from when to when, and how many stamps it sealed."""
    folder, seals = _folder(), with_database(_count_seals)
    keyring = read_keyring(folder)
    rows = [_row(folder, keyring, chain, seals) for chain in keyring.chains.values()]
    if as_json:
        answer({"keys": rows}, as_json=True)
        return
    table = Table(box=None, pad_edge=False)
    for name in ("id", "state", "kind", "algorithm", "starts_at", "ends_at", "seals"):
        table.add_column(name, justify="right" if name == "seals" else "left")
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    PEOPLE.print(table)


@keys.command("new")
def new_command(
    key_id: KeyId,
    algorithm: Annotated[Algorithm, typer.Option(help="What it signs with.")] = "p256",
    starts_at: Annotated[
        datetime | None, typer.Option(help="From when it serves, UTC; default: now.")
    ] = None,
    as_key: As = None,
    as_json: Json = False,
) -> None:
    """Make a seal key under this folder's own authority, for development."""
    moment = utc_now() if starts_at is None else starts_at.replace(tzinfo=UTC)

    def make(_: int) -> Chain:
        return rotation.new_development_key(
            _folder(), Uids.here(), key_id, algorithm=algorithm, starts_at=moment
        )

    _tell(_do("seal_key.new", key_id, make, as_key=as_key), as_json=as_json)


@keys.command("add")
def add_command(
    key_id: KeyId,
    chain: Annotated[Path, typer.Option(exists=True, help="The seal's certificate and its issuer's, PEM.")],
    key: Annotated[
        Path, typer.Option(exists=True, help="The key, .pem; or .json {module, token, key, pin} of a device.")
    ],
    as_key: As = None,
    as_json: Json = False,
) -> None:
    """Bring a seal key with its certificates. It serves from the day its certificate does."""

    def bring(_: int) -> Chain:
        return rotation.add_key(_folder(), Uids.here(), key_id, certificates=chain.read_bytes(), key=key)

    _tell(_do("seal_key.add", key_id, bring, as_key=as_key), as_json=as_json)


@keys.command("retire")
def retire_command(key_id: KeyId, as_key: As = None, as_json: Json = False) -> None:
    """Seal no new stamp with the key. What was begun with it is finished; what it sealed stays genuine."""
    _do(
        "seal_key.retire",
        key_id,
        lambda _: rotation.retire_key(_folder(), key_id, now=utc_now()),
        as_key=as_key,
    )
    answer({"id": key_id, "state": "retired"}, as_json=as_json)


@keys.command("destroy")
def destroy_command(key_id: KeyId, as_key: As = None, as_json: Json = False) -> None:
    """Delete a retired key once no stamp needs it. What it sealed stays genuine."""

    def destroy(in_work: int) -> None:
        rotation.destroy_key(_folder(), key_id, in_work=in_work, now=utc_now())

    _do("seal_key.destroy", key_id, destroy, as_key=as_key)
    answer({"id": key_id, "state": "destroyed"}, as_json=as_json)


def _do(name: str, key_id: str, act: Callable[[int], Done], *, as_key: str | None) -> Done:
    """Do `act`, which is told how many stamps in work name the key, and record it: both, or neither."""

    async def run(db: Database) -> Done:
        actor = await acting_operator(db, as_key)
        in_work = sum([await store.count_in_work(db, shard, key_id) for shard in ALL_SHARDS])
        async with db.transaction() as conn:
            await record(conn, account_id=THE_SERVICE, act=name, actor=actor, facts={"key": key_id})
            return act(in_work)

    return with_database(run)


async def _count_seals(db: Database) -> Counter[str]:
    total: Counter[str] = Counter()
    for shard in ALL_SHARDS:
        total.update(await store.count_seals(db, shard))
    return total


def _tell(chain: Chain, *, as_json: bool) -> None:
    starts_at, ends_at = validity(chain.seal_certificate)
    answer({"id": chain.key_id, "starts_at": starts_at, "ends_at": ends_at}, as_json=as_json)


def _row(folder: DataFolder, keyring: Keyring, chain: Chain, seals: Mapping[str, int]) -> dict[str, object]:
    starts_at, ends_at = validity(chain.seal_certificate)
    at = place_of_key(folder, chain.key_id)
    return {
        "id": chain.key_id,
        "state": _state(keyring, chain, is_here=at is not None),
        "kind": None if at is None else _KINDS[at.suffix],
        "algorithm": chain.algorithm,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "seals": seals[chain.key_id],
    }


def _state(keyring: Keyring, chain: Chain, *, is_here: bool) -> str:
    now = utc_now()
    starts_at, ends_at = validity(chain.seal_certificate)
    if not is_here:
        return "destroyed"
    if chain.key_id in keyring.retired:
        return "retired"
    if now < starts_at:
        return "waits"
    if now >= ends_at:
        return "expired"
    return "serves" if keyring.current(now) == chain else "overlaps"


def _folder() -> DataFolder:
    return DataFolder(data_folder(Settings.from_env()))
