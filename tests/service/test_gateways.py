"""The whole service with gateways that an operator names, played by the development gateway."""

from __future__ import annotations

import asyncio
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.service.conftest import Citizen, Running, bubuh, fresh_folder, open_citizen, running_service, until

pytestmark = pytest.mark.service

KEYS = {
    "midtrans.key": "SB-Mid-server-uji",
    "xendit.key": "xnd_uji_kunci",
    "xendit.token": "token-uji-panggilan",
    "bank.secret": "rahasia-uji-bank",
}
BANK = """name = "snap"
address = "https://bank.invalid"
client_key = "BUBUH-SNAP"
partner_id = "BUBUH"
channel_id = "95221"
merchant_id = "M1"
our_key = "ours.pem"
client_secrets = ["bank.secret"]
[accounts]
partner_service_id = "88899"
"""
FILE = """
[[gateway]]
kind = "midtrans"
address = "development"
methods = ["qris"]
server_keys = ["midtrans.key"]

[[gateway]]
kind = "xendit"
address = "development"
methods = []
secret_keys = ["xendit.key"]
callback_tokens = ["xendit.token"]

[[gateway]]
kind = "snap"
profile = "bank.toml"
address = "development"
methods = ["va"]
"""


def write(folder: Path) -> Path:
    """The file and its keys, for the service's own users to read."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    files = {**KEYS, "gateways.toml": FILE, "bank.toml": BANK, "ours.pem": pem}
    for name, text in files.items():
        (folder / name).write_text(text, encoding="ascii")
        (folder / name).chmod(0o644)
    return folder / "gateways.toml"


@pytest.fixture(scope="module")
def service() -> Iterator[Running]:
    folder = fresh_folder()
    with running_service(folder / "data", BUBUH_GATEWAYS=str(write(folder))) as running:
        yield running
    shutil.rmtree(folder)


def order(citizen: Citizen, *, stamps: int, method: str) -> dict[str, Any]:
    answer = citizen.http.post(
        "/v1/orders",
        json={"stamps": stamps, "method": method},
        headers={"Idempotency-Key": str(uuid.uuid4())},
    )
    assert answer.status_code == 201, answer.text
    placed: dict[str, Any] = answer.json()
    return placed


def pay(service: Running, placed: dict[str, Any]) -> httpx.Response:
    """As a payer does: at the gateway's page, or by typing the number at the bank."""
    if (va := placed["payment"]["va"]) is None:
        return httpx.post(f"{service.run.gateway}/pay/{placed['id']}-1")
    page, form = f"{service.run.gateway}/accounts/{va}", {"content-type": "application/x-www-form-urlencoded"}
    shown = httpx.get(page)
    assert (shown.status_code, "Rp30.000" in shown.text, "<button>" in shown.text) == (200, True, True)
    paid = httpx.post(page, headers=form, follow_redirects=True)
    assert "Sudah Anda bayar" in paid.text
    return paid


@pytest.mark.parametrize(("method", "gateway"), [("qris", "midtrans"), ("va", "snap")])
def test_an_order_becomes_quota_by_the_gateway_that_serves_its_method(
    service: Running, method: str, gateway: str
) -> None:
    with open_citizen(service, stamps=1) as citizen:
        placed = order(citizen, stamps=3, method=method)
        assert placed["payment"] is not None, placed
        paid = pay(service, placed)
        assert paid.status_code == 200, paid.text
        until(lambda: citizen.http.get(f"/v1/orders/{placed['id']}").json()["state"] == "filled")
        assert citizen.http.get("/v1/quota").json()["free"] == 4
    # the order may be filled by an answer that was asked for, a moment before its notice is worked on
    until(lambda: asyncio.run(who_served(service, method)) == {(gateway, "done")})


async def who_served(service: Running, method: str) -> set[tuple[str, str]]:
    """The gateways of the orders that were paid so, and what became of their notices."""
    conn = await service.connect()
    rows = await conn.fetch(
        "SELECT DISTINCT a.gateway, w.state FROM payment_attempts AS a"
        " JOIN payment_notice_work AS w USING (gateway) WHERE a.method = $1",
        method,
    )
    await conn.close()
    return {(row["gateway"], row["state"]) for row in rows}


def test_no_key_stands_in_a_log_a_file_of_addresses_or_a_command_line(service: Running) -> None:
    texts = [path.read_text() for path in (service.data / "logs").iterdir() if path.is_file()]
    texts += [(service.data / "run.json").read_text(), (service.data.parent / "up.log").read_text()]
    for name in ("web", "worker", "gateway", "signer"):
        process = Path(f"/proc/{service.pid(name)}")
        texts += [(process / "cmdline").read_text(), (process / "environ").read_text()]
    assert any("gateways.toml" in text for text in texts)
    assert [key for key in KEYS.values() if any(key in text for text in texts)] == []


def test_a_wrong_file_ends_the_start_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = fresh_folder()
    wrong = folder / "gateways.toml"
    wrong.write_text('[[gateway]]\nkind = "midtrans"\nserver_keys = ["x"]\n', encoding="utf-8")
    monkeypatch.setitem(os.environ, "BUBUH_GATEWAYS", str(wrong))
    done = bubuh("up", "--port", "0", data=folder / "data")
    began = (folder / "data").exists()
    shutil.rmtree(folder)
    said = done.stderr.replace("\n", "")
    assert (done.returncode, began) == (1, False)
    assert "gateway_key_unreadable" in said
    assert "/gateway/0/server_keys/0" in said
