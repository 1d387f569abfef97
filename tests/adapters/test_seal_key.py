"""One contract for every seal key, in a file or in a device."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from bubuh.adapters.file_seal_key import FileSealKey
from bubuh.adapters.pkcs11_seal_key import Device, Pkcs11SealKey, SealKeyExtractable
from bubuh.pdf.model import Algorithm, Chain
from bubuh.pdf.seal.pki import Pki, development_pki
from bubuh.stamping.ports import SealKey
from bubuh.stamping.refusals import SignerUnavailable

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
NOW = datetime(2026, 11, 22, tzinfo=UTC)
PIN = "2468"
ALGORITHMS: list[Algorithm] = ["p256", "rsa2048", "rsa3072"]


@dataclass(frozen=True)
class Token:
    """A SoftHSM token of this test run, which holds whatever is put into it."""

    label: str
    util: str
    folder: Path

    def put(self, name: str, pem: bytes) -> None:
        path = self.folder / f"{name}.pem"
        path.write_bytes(pem)
        number = name.encode().hex()
        command = [self.util, "--import", str(path), "--token", self.label, "--pin", PIN]
        subprocess.run([*command, "--label", name, "--id", number], check=True, capture_output=True)
        path.unlink()

    def device(self, name: str, **other: str) -> Device:
        given = {"token": self.label, "key": name, "pin": PIN} | other
        return Device(module=str(MODULE), **given)


@pytest.fixture(scope="session")
def token(tmp_path_factory: pytest.TempPathFactory, oracle: Callable[[str], str]) -> Token:
    """SoftHSM reads where it keeps tokens once in a process, so there is one for all tests."""
    util = oracle("softhsm2-util")
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    conf = folder / "softhsm2.conf"
    conf.write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(conf)
    command = [util, "--init-token", "--free", "--label", "bubuh", "--so-pin", "1357", "--pin", PIN]
    subprocess.run(command, check=True, capture_output=True)
    return Token("bubuh", util, folder)


@pytest.fixture(scope="session")
def pkis() -> dict[Algorithm, Pki]:
    return {algorithm: development_pki(NOW, algorithm=algorithm) for algorithm in ALGORITHMS}


@pytest.fixture(params=["file", "pkcs11"])
def make_key(request: pytest.FixtureRequest, tmp_path: Path, token: Token) -> Callable[[Pki], SealKey]:
    def in_a_file(pki: Pki) -> SealKey:
        (tmp_path / "key.pem").write_bytes(pki.seal_key)
        return FileSealKey.load(tmp_path / "key.pem", chain_of(pki))

    def in_a_device(pki: Pki) -> SealKey:
        name = f"{pki.algorithm}-{tmp_path.name}"
        token.put(name, pki.seal_key)
        return Pkcs11SealKey(token.device(name), chain_of(pki))

    return in_a_file if request.param == "file" else in_a_device


def chain_of(pki: Pki) -> Chain:
    return Chain(
        key_id="k",
        seal_certificate=pki.seal_certificate,
        issuing_certificate=pki.issuing_certificate,
        algorithm=pki.algorithm,
    )


def assert_signed(pki: Pki, signature: bytes, message: bytes) -> None:
    public = x509.load_der_x509_certificate(pki.seal_certificate).public_key()
    if isinstance(public, ec.EllipticCurvePublicKey):
        public.verify(signature, message, ec.ECDSA(hashes.SHA256()))
    else:
        assert isinstance(public, rsa.RSAPublicKey)
        public.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_seal_key_signs_as_its_certificate_says(
    make_key: Callable[[Pki], SealKey], pkis: dict[Algorithm, Pki], algorithm: Algorithm
) -> None:
    key = make_key(pkis[algorithm])

    signature = key.sign(b"what is signed")

    assert key.chain.algorithm == algorithm
    assert_signed(pkis[algorithm], signature, b"what is signed")
    with pytest.raises(InvalidSignature):
        assert_signed(pkis[algorithm], signature, b"something else")


def test_many_threads_sign_at_once(make_key: Callable[[Pki], SealKey], pkis: dict[Algorithm, Pki]) -> None:
    key = make_key(pkis["p256"])
    messages = [f"message {no}".encode() for no in range(64)]

    with ThreadPoolExecutor(8) as threads:
        signatures = list(threads.map(key.sign, messages))

    for message, signature in zip(messages, signatures, strict=True):
        assert_signed(pkis["p256"], signature, message)


def in_another_process(program: str, *given: str) -> None:
    """A login is a process's own: what looks into the token itself does so from outside."""
    command = [sys.executable, "-c", program, str(MODULE), "bubuh", PIN, *given]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_key_cannot_leave_its_device(token: Token, pkis: dict[Algorithm, Pki], tmp_path: Path) -> None:
    name = f"stays-{tmp_path.name}"
    token.put(name, pkis["p256"].seal_key)

    in_another_process(READ_THE_KEY, name)


READ_THE_KEY = """
import sys
import pkcs11
from pkcs11.exceptions import AttributeSensitive
module, token, pin, name = sys.argv[1:]
with pkcs11.lib(module).get_token(token_label=token).open(user_pin=pin) as session:
    key = session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, label=name)
    assert not key[pkcs11.Attribute.EXTRACTABLE]
    try:
        key[pkcs11.Attribute.VALUE]
    except AttributeSensitive:
        sys.exit(0)
sys.exit("the key was read")
"""

MAKE_AN_OPEN_KEY = """
import sys
import pkcs11
from pkcs11.util.ec import encode_named_curve_parameters
module, token, pin, name = sys.argv[1:]
with pkcs11.lib(module).get_token(token_label=token).open(user_pin=pin, rw=True) as session:
    curve = {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}
    domain = session.create_domain_parameters(pkcs11.KeyType.EC, curve, local=True)
    open_to_all = {pkcs11.Attribute.EXTRACTABLE: True, pkcs11.Attribute.SENSITIVE: False}
    domain.generate_keypair(label=name, store=True, private_template=open_to_all)
"""


def test_a_key_that_could_leave_its_device_does_not_seal(
    token: Token, pkis: dict[Algorithm, Pki], tmp_path: Path
) -> None:
    name = f"leaves-{tmp_path.name}"
    in_another_process(MAKE_AN_OPEN_KEY, name)

    with pytest.raises(SealKeyExtractable):
        Pkcs11SealKey(token.device(name), chain_of(pkis["p256"]))


@pytest.mark.parametrize("wrong", [{"key": "nobody"}, {"token": "nowhere"}, {"pin": "0000"}])
def test_a_device_that_does_not_answer_is_a_fault_that_tells_no_pin(
    token: Token, pkis: dict[Algorithm, Pki], wrong: dict[str, str]
) -> None:
    with pytest.raises(SignerUnavailable) as told:
        Pkcs11SealKey(token.device("there", **wrong), chain_of(pkis["p256"]))

    assert PIN not in str(told.value)
    assert "0000" not in str(told.value)


def test_a_module_that_is_not_there_is_a_fault(pkis: dict[Algorithm, Pki]) -> None:
    device = Device(module="/nowhere.so", token="t", key="k", pin=PIN)

    with pytest.raises(SignerUnavailable):
        Pkcs11SealKey(device, chain_of(pkis["p256"]))


@pytest.mark.parametrize("text", [b"", b"-----BEGIN PRIVATE KEY-----\n", b"\x00" * 100])
def test_a_file_without_a_key_is_a_fault(tmp_path: Path, pkis: dict[Algorithm, Pki], text: bytes) -> None:
    (tmp_path / "key.pem").write_bytes(text)

    with pytest.raises(SignerUnavailable):
        FileSealKey.load(tmp_path / "key.pem", chain_of(pkis["p256"]))


def test_a_file_that_is_not_there_is_a_fault(tmp_path: Path, pkis: dict[Algorithm, Pki]) -> None:
    with pytest.raises(SignerUnavailable):
        FileSealKey.load(tmp_path / "none.pem", chain_of(pkis["p256"]))
