"""Who may not do what, seen from the outside: as the very users that the processes run as."""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path
from uuid import UUID

import pytest

from bubuh.adapters.signer_client import SignerClient
from bubuh.core.ids import read_account, read_id
from bubuh.core.privileges import Uids
from bubuh.stamping.model import Lease
from bubuh.stamping.refusals import LeaseLost, SignerUnavailable
from tests.service.conftest import Citizen, Running

pytestmark = [
    pytest.mark.service,
    pytest.mark.shared,
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="NOT ROOT: one uid holds all parts, nothing to be tried"),
]

UIDS = Uids.here()


def as_user(uid: int | None, act) -> object:
    """What `act` answers when a process of user `uid` does it; exceptions come as their names."""
    assert uid is not None
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        try:
            said = str(act())
        except BaseException as error:  # noqa: BLE001 - what was refused is the answer
            said = type(error).__name__
        os.write(write, said.encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as answer:
        said = answer.read()
    os.waitpid(child, 0)
    return said


@pytest.mark.parametrize("who", ["app", "sandbox"])
def test_only_the_signer_reads_the_seal_key(service: Running, who: str) -> None:
    key = service.data / "keys" / "dev-1.pem"

    assert as_user(UIDS.signer, lambda: key.read_text()[:10]) == "-----BEGIN"
    assert as_user(getattr(UIDS, who), key.read_text) == "PermissionError"


@pytest.mark.parametrize("who", ["signer", "app", "sandbox"])
def test_nobody_reads_the_authoritys_key(service: Running, who: str) -> None:
    key = service.data / "keys" / "development-ca.pem"

    assert key.read_text().startswith("-----BEGIN")
    assert as_user(getattr(UIDS, who), key.read_text) == "PermissionError"


@pytest.mark.parametrize("folder", ["secrets", "objects", "pg/cluster"])
def test_the_sandbox_reaches_nothing_that_is_kept(service: Running, folder: str) -> None:
    assert as_user(UIDS.sandbox, lambda: os.listdir(service.data / folder)) == "PermissionError"  # noqa: PTH208


def test_the_signer_does_not_read_what_the_application_keeps(service: Running) -> None:
    assert as_user(UIDS.signer, (service.data / "secrets" / "store.key").read_text) == "PermissionError"


@pytest.mark.parametrize(
    ("who", "role"), [("app", "bubuh_signer"), ("app", "bubuh_owner"), ("sandbox", "bubuh_app")]
)
def test_a_password_is_its_own_roles_alone(service: Running, who: str, role: str) -> None:
    passfile = service.data / "pg" / "passwords" / role

    assert as_user(getattr(UIDS, who), passfile.read_text) == "PermissionError"


def test_the_signers_socket_answers_the_application_alone(service: Running) -> None:
    path = service.run.signer_socket
    assert path is not None

    def ask() -> bytes:
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(path)
            body = b"\x81\xa4type\xa6health"  # MessagePack: {"type": "health"}
            line.sendall(len(body).to_bytes(4) + body)
            return line.recv(100)

    assert "well" in str(as_user(UIDS.app, ask))
    assert as_user(UIDS.sandbox, ask) in {"b''", "ConnectionResetError", "BrokenPipeError"}
    assert as_user(UIDS.postgres, ask) in {"b''", "ConnectionResetError", "BrokenPipeError"}


def test_the_application_cannot_have_signed_what_no_row_holds(service: Running, citizen: Citizen) -> None:
    """Not an ended stamp, not a foreign fence, not an invented id: the signer reads the row itself."""
    stamp = citizen.ask_for_stamp(citizen.upload(), Prefer="wait=20").json()
    assert stamp["state"] == "affixed", stamp
    path = service.run.signer_socket
    assert path is not None
    account = read_account(citizen.account)

    def ask(stamp_id: UUID, fence: int) -> str:
        async def seal() -> str:
            client = SignerClient(Path(path))
            try:
                return str(await client.seal(Lease(account_id=account, stamp_id=stamp_id, fence=fence)))
            except (LeaseLost, SignerUnavailable) as error:
                return error.code

        return asyncio.run(seal())

    for fence in (0, 1, 2, 99):
        assert as_user(UIDS.app, lambda fence=fence: ask(read_id("stm", stamp["id"]), fence)) == "lease_lost"
    assert as_user(UIDS.app, lambda: ask(UUID(int=5), 1)) == "lease_lost"


def test_each_process_runs_as_its_own_user(service: Running) -> None:
    def uid_of(name: str) -> int:
        return Path(f"/proc/{service.pid(name)}").stat().st_uid or _uid(service.pid(name))

    assert uid_of("signer") == UIDS.signer
    assert uid_of("web") == uid_of("worker") == uid_of("gateway") == UIDS.app
    assert uid_of("postgres") == UIDS.postgres


@pytest.mark.long
def test_a_data_folder_in_a_closed_home_is_kept_elsewhere_and_linked(tmp_path: Path) -> None:
    """What a clone in root's own home comes to: the parts' users could not walk there."""
    import shutil

    from tests.service.conftest import running_service

    tmp_path.chmod(0o700)
    with running_service(tmp_path / "data") as running:
        real = running.data.resolve()
        assert running.data.is_symlink()
        assert real.parent == Path("/var/lib/bubuh")
        assert running.json("quota", "reconcile")["balanced"]
    shutil.rmtree(real)


def _uid(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("Uid:")).split()[1])


def test_no_secret_stands_in_a_command_line_or_an_environment(service: Running) -> None:
    secrets = [path.read_text().strip() for path in (service.data / "secrets").iterdir()]
    for name in ("web", "worker", "signer", "gateway"):
        process = Path(f"/proc/{service.pid(name)}")
        seen = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        assert not any(secret.encode() in seen for secret in secrets), name
