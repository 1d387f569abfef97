from __future__ import annotations

import base64
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from bubuh.adapters.midtrans import PRODUCTION, MidtransProfile
from bubuh.cli.processes.gateway import credentials_of
from bubuh.db.rights import Owner
from bubuh.payments.model import Method
from bubuh.settings import RunFile, Settings
from bubuh.wiring.development_bank import read_bank_key, settle_bank_key
from bubuh.wiring.folder import DataFolder
from bubuh.wiring.gateways import BadGateways, SnapBank, open_gateways, payer_page, read_gateways

MIDTRANS = '[[gateway]]\nkind = "midtrans"\nserver_keys = ["midtrans.key", "before.key"]\n'
XENDIT = """[[gateway]]
kind = "xendit"
address = "development"
methods = ["va"]
secret_keys = ["xendit.key"]
callback_tokens = ["xendit.token"]
"""
SNAP = '[[gateway]]\nkind = "snap"\nprofile = "bank.toml"\naddress = "development"\n'
BANK = """name = "snap"
address = "https://bank.example"
client_key = "BUBUH-SNAP"
partner_id = "BUBUH"
channel_id = "95221"
merchant_id = "M1"
our_key = "ours.pem"
client_secrets = ["bank.secret"]
"""
ACCOUNTS = '[accounts]\npartner_service_id = "88899"\n'
GRANT = b'{"grantType": "client_credentials"}'
SECRETS = {"midtrans.key": "SB-Mid-server-baru", "before.key": "SB-Mid-server-lama", "xendit.key": "xnd_uji"}


def never() -> str:
    raise AssertionError("no bank here signs by RSA")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return filled(tmp_path)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """One that anybody may walk to."""
    with tempfile.TemporaryDirectory(prefix="bubuh-gateways-") as name:
        Path(name).chmod(0o755)
        yield filled(Path(name))


def filled(tmp_path: Path) -> Path:
    for name, secret in {**SECRETS, "xendit.token": "token", "bank.secret": "rahasia"}.items():
        (tmp_path / name).write_text(secret + "\n", encoding="ascii")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "ours.pem").write_bytes(pem)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "bank.pem").write_bytes(public)
    (tmp_path / "bank.toml").write_text(BANK, encoding="utf-8")
    return tmp_path


def settings(folder: Path, text: str) -> Settings:
    path = folder / "gateways.toml"
    path.write_text(text, encoding="utf-8")
    return Settings(gateways=path)


def test_without_a_file_the_development_gateway_serves_every_method() -> None:
    (own,) = read_gateways(Settings())
    assert (own.name, own.address, own.profile, own.methods) == ("development", None, None, frozenset(Method))


def test_a_file_names_gateways_their_keys_and_methods(folder: Path) -> None:
    first, second, bank = read_gateways(settings(folder, MIDTRANS + XENDIT + SNAP))
    assert (first.name, first.address, first.methods) == ("midtrans", PRODUCTION, frozenset(Method))
    assert isinstance(first.profile, MidtransProfile)
    assert first.profile.server_keys == ("SB-Mid-server-baru", "SB-Mid-server-lama")
    assert (second.name, second.address, second.methods) == ("xendit", None, frozenset({Method.VA}))
    assert isinstance(bank.profile, SnapBank)
    assert (bank.name, bank.profile.keys.secrets, bank.methods) == (
        "snap",
        ("rahasia",),
        frozenset({Method.QRIS}),
    )
    assert not any(secret in repr([first, second, bank]) for secret in SECRETS.values())


async def test_opened_gateways_stand_in_the_file_s_order_with_its_methods(folder: Path) -> None:
    wanted = settings(folder, XENDIT + MIDTRANS + SNAP)
    run = RunFile(gateway="http://127.0.0.1:1")
    async with open_gateways(wanted, DataFolder(folder), run) as gateways:
        methods = {name: gateway.methods for name, gateway in gateways.items()}
    assert list(methods) == ["xendit", "midtrans", "snap"]
    assert methods == {
        "xendit": frozenset({Method.VA}),
        "midtrans": frozenset(Method),
        "snap": frozenset({Method.QRIS}),
    }


def test_the_development_gateway_plays_those_parts_that_are_given_to_it(folder: Path) -> None:
    known = credentials_of(
        read_gateways(settings(folder, MIDTRANS + XENDIT + SNAP)), native=b"n", bank_key=never
    )
    assert (known.native, known.midtrans_server_key) == (b"n", "")  # that one is asked itself
    assert (known.xendit_secret_key, known.xendit_callback_token) == ("xnd_uji", "token")
    assert (known.snap_client_key, known.snap_client_secret) == ("BUBUH-SNAP", "rahasia")
    assert known.snap_customer_key.startswith("-----BEGIN PUBLIC KEY-----")


async def test_in_development_a_bank_signs_with_a_key_of_its_own_making(folder: Path) -> None:
    (folder / "bank.toml").write_text(
        BANK + 'notices = "rsa"\n' + ACCOUNTS + 'client_key = "BANK"\ninquiry = "/signed/inquiry"\n',
        encoding="utf-8",
    )
    (folder / "secrets").mkdir()
    data, wanted = DataFolder(folder), settings(folder, SNAP)
    (bank,) = read_gateways(wanted)
    assert (bank.methods, bank.has_bank_of_ours) == (frozenset(Method), True)
    settle_bank_key(data, None)
    pem = read_bank_key(data)
    settle_bank_key(data, None)
    assert read_bank_key(data) == pem
    known = credentials_of([bank], native=b"n", bank_key=lambda: read_bank_key(data))
    assert known.snap_token_key == known.snap_bank_key == pem
    assert (known.snap_accounts_client_key, known.snap_customer_digits) == ("BANK", 18)
    assert known.snap_signed_paths == {"inquiry": "/signed/inquiry"}
    run = RunFile(gateway="http://127.0.0.1:1")
    async with open_gateways(wanted, data, run) as gateways:
        desk, now = gateways["snap"].desk, datetime.now(UTC)
        assert desk is not None
        assert desk.give_token(GRANT, signed(pem, now), now=now).status == 200
        stranger = (folder / "ours.pem").read_text()
        assert desk.give_token(GRANT, signed(stranger, now), now=now).status == 401
    assert payer_page(wanted, run) == "http://127.0.0.1:1/accounts"


def signed(pem: str, now: datetime) -> dict[str, str]:
    """What a bank asks for its token with."""
    key = load_pem_private_key(pem.encode(), password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    signature = key.sign(f"BANK|{now.isoformat()}".encode(), padding.PKCS1v15(), hashes.SHA256())
    shown = base64.b64encode(signature).decode()
    return {"x-client-key": "BANK", "x-timestamp": now.isoformat(), "x-signature": shown}


@pytest.mark.parametrize("text", [XENDIT, SNAP, SNAP + 'methods = ["qris"]'])
def test_without_numbers_to_type_there_is_no_page_to_type_them_at(folder: Path, text: str) -> None:
    if "methods" in text:
        (folder / "bank.toml").write_text(BANK + ACCOUNTS, encoding="utf-8")
    assert payer_page(settings(folder, text), RunFile(gateway="http://127.0.0.1:1")) is None


@pytest.mark.parametrize(
    ("text", "code", "pointer"),
    [
        ("gateway = 7", "gateways_malformed", "/gateway"),
        ("[[gateway]\n", "gateways_malformed", ""),
        ("", "gateways_malformed", ""),
        ('[[gateway]]\nkind = "paypal"', "gateways_malformed", "/gateway/0/kind"),
        (MIDTRANS + "bnak = 1", "gateways_malformed", "/gateway/0"),
        (MIDTRANS + 'methods = ["cash"]', "gateways_malformed", "/gateway/0/methods/0"),
        (MIDTRANS + 'address = "api.example"', "gateways_malformed", "/gateway/0/address"),
        (MIDTRANS + 'name = "dua"\naddress = "development"', "gateway_name_fixed", "/gateway/0/name"),
        (MIDTRANS + MIDTRANS, "gateway_name_taken", "/gateway/1/name"),
        (MIDTRANS + SNAP + 'methods = ["va"]', "gateway_method_unserved", "/gateway/1/methods"),
        (MIDTRANS.replace("before", "none"), "gateway_key_unreadable", "/gateway/0/server_keys/1"),
        (SNAP.replace("bank.toml", "gateways.toml"), "gateway_profile_unusable", "/gateway/0/profile"),
        (
            SNAP.replace("bank.toml", "keyless.toml").replace('address = "development"', ""),
            "gateway_profile_unusable",
            "/gateway/0/profile",
        ),
    ],
)
def test_a_wrong_file_is_refused_with_a_code_and_where_it_is_wrong(
    folder: Path, text: str, code: str, pointer: str
) -> None:
    (folder / "keyless.toml").write_text(BANK + ACCOUNTS, encoding="utf-8")
    with pytest.raises(BadGateways) as caught:
        read_gateways(settings(folder, text))
    assert (caught.value.code, caught.value.pointer) == (code, pointer)


@pytest.mark.parametrize("content", [b"", b"\n", b"dua\nbaris", b"\xff", b"x" * 4097])
def test_a_file_without_one_key_is_refused(folder: Path, content: bytes) -> None:
    (folder / "midtrans.key").write_bytes(content)
    with pytest.raises(BadGateways, match="BUBUH_GATEWAYS") as caught:
        read_gateways(settings(folder, MIDTRANS))
    assert caught.value.code == "gateway_key_unreadable"


@pytest.mark.parametrize("text", [MIDTRANS.replace("midtrans.key", "SB-Mid-kunci"), SNAP])
def test_a_key_in_place_of_a_file_s_name_is_not_shown(folder: Path, text: str) -> None:
    (folder / "bank.toml").write_text(BANK.replace("bank.secret", "SB-Mid-kunci"), encoding="utf-8")
    with pytest.raises(BadGateways) as caught:
        read_gateways(settings(folder, text))
    assert "SB-Mid-kunci" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "code", "pointer"),
    [
        ("gateways.toml", "gateways_unreadable", ""),
        ("before.key", "gateway_key_unreadable", "/gateway/0/server_keys/1"),
        ("bank.toml", "gateway_profile_unusable", "/gateway/1/profile"),
        ("bank.secret", "gateway_profile_unusable", "/gateway/1/profile"),
    ],
)
def test_what_the_service_s_user_could_not_read_is_refused_at_the_start(
    open_folder: Path, name: str, code: str, pointer: str
) -> None:
    stranger = Owner(uid=61_999, gid=61_999)
    wanted = settings(open_folder, MIDTRANS + SNAP)
    for file in open_folder.iterdir():
        file.chmod(0o644)
    assert len(read_gateways(wanted, reader=stranger)) == 2
    (open_folder / name).chmod(0o640)
    with pytest.raises(BadGateways, match="user 61999 may not read it") as caught:
        read_gateways(wanted, reader=stranger)
    assert (caught.value.code, caught.value.pointer) == (code, pointer)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadGateways, match=r"none\.toml") as caught:
        read_gateways(Settings(gateways=tmp_path / "none.toml"))
    assert caught.value.code == "gateways_unreadable"
