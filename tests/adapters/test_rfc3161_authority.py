from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID

from bubuh.adapters.rfc3161_authority import MOST_ANSWER_BYTES, Rfc3161Authority
from bubuh.core.clock import utc_now
from bubuh.pdf.seal.pki import to_pem
from bubuh.pdf.seal.room import MOST_TOKEN_BYTES
from bubuh.pdf.seal.time_stamp import check_token
from bubuh.stamping.refusals import TimeStampFailed
from tests.authority import Authority, Script, serving

MESSAGE = b"the value of a seal"


@pytest.fixture
def authority() -> Iterator[Authority]:
    with serving(Authority.found(utc_now())) as authority:
        yield authority


@pytest.fixture
async def client(authority: Authority) -> AsyncIterator[Rfc3161Authority]:
    client = Rfc3161Authority(authority.url, [authority.root], deadline_s=2.0)
    yield client
    await client.close()


async def refused(client: Rfc3161Authority) -> str:
    with pytest.raises(TimeStampFailed) as told:
        await client.stamp(MESSAGE)
    return told.value.why


async def test_a_time_stamp_says_when_and_fits_its_room(
    authority: Authority, client: Rfc3161Authority
) -> None:
    before = utc_now().replace(microsecond=0)

    token = await client.stamp(MESSAGE)

    said = check_token(token, MESSAGE, roots=[authority.root], now=utc_now())
    assert before <= said.at <= utc_now()
    assert len(token) <= MOST_TOKEN_BYTES


async def test_others_believe_the_token(
    client: Rfc3161Authority, authority: Authority, oracle: Callable[[str], str], tmp_path: Path
) -> None:
    (tmp_path / "token").write_bytes(await client.stamp(MESSAGE))
    (tmp_path / "message").write_bytes(MESSAGE)
    (tmp_path / "root.pem").write_bytes(to_pem(authority.root))
    command = [oracle("openssl"), "ts", "-verify", "-token_in", "-in", "token", "-data", "message"]

    said = await asyncio.to_thread(
        subprocess.run, [*command, "-CAfile", "root.pem"], cwd=tmp_path, capture_output=True, check=False
    )

    assert b"Verification: OK" in said.stdout + said.stderr


async def test_we_believe_the_token_of_others(oracle: Callable[[str], str], tmp_path: Path) -> None:
    authority = Authority.found(utc_now())
    (tmp_path / "key.pem").write_bytes(
        authority.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    (tmp_path / "leaf.pem").write_bytes(authority.certificate.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "root.pem").write_bytes(to_pem(authority.root))
    (tmp_path / "serial").write_text("01\n")
    (tmp_path / "conf").write_text(OPENSSL)
    authority.answer = lambda query: by_openssl(query, oracle("openssl"), tmp_path)  # type: ignore[method-assign]
    with serving(authority):
        client = Rfc3161Authority(authority.url, [authority.root])

        token = await client.stamp(MESSAGE)

        await client.close()
    assert check_token(token, MESSAGE, roots=[authority.root], now=utc_now()).at <= utc_now()


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (Script(late_s=3.0), "late"),
        (Script(status=500), "bad_status"),
        (Script(status=302), "bad_status"),
        (Script(content_type="text/html"), "bad_content_type"),
        (Script(granted="rejection"), "refused"),
        (Script(granted="waiting"), "refused"),
        (Script(message_digest=lambda _digest: bytes(32)), "wrong_hash"),
        (Script(nonce=lambda nonce: nonce + 1), "wrong_nonce"),
        (Script(nonce=lambda _nonce: None), "wrong_nonce"),
        (Script(ahead=timedelta(hours=1)), "from_the_future"),
        (Script(ahead=-timedelta(hours=1)), "stale"),
        (Script(signature=lambda signature: signature[:-1] + bytes([signature[-1] ^ 1])), "broken"),
        (Script(padding_bytes=MOST_TOKEN_BYTES), "too_large"),
        (Script(body=lambda body: body + bytes(MOST_ANSWER_BYTES)), "too_large"),
        (Script(body=lambda _body: b""), "malformed"),
        (Script(body=lambda _body: b"<html>"), "malformed"),
        (Script(body=lambda body: body + b"\0"), "malformed"),
        (Script(body=lambda body: body[:-7]), "malformed"),
    ],
)
async def test_what_an_authority_should_not_answer_is_refused_with_its_code(
    authority: Authority, client: Rfc3161Authority, script: Script, why: str
) -> None:
    authority.script = script

    assert await refused(client) == why

    authority.script = Script()
    assert await client.stamp(MESSAGE)


async def test_nobody_there_is_a_fault() -> None:
    authority = Authority.found(utc_now())
    with serving(authority):
        pass
    client = Rfc3161Authority(authority.url, [authority.root])

    assert await refused(client) == "unreachable"

    await client.close()


async def test_an_authority_that_drips_is_late(authority: Authority) -> None:
    authority.script = Script(late_s=1.0)
    client = Rfc3161Authority(authority.url, [authority.root], deadline_s=0.2)

    assert await refused(client) == "late"

    await client.close()


@pytest.mark.parametrize(
    ("usages", "critical"),
    [
        ([ExtendedKeyUsageOID.TIME_STAMPING], False),
        ([ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING], True),
        ([ExtendedKeyUsageOID.CODE_SIGNING], True),
    ],
)
async def test_a_certificate_must_be_for_time_stamps_alone(usages, critical) -> None:
    with serving(Authority.found(utc_now(), usages=usages, critical=critical)) as authority:
        client = Rfc3161Authority(authority.url, [authority.root])

        assert await refused(client) == "wrong_purpose"

        await client.close()


async def test_another_root_of_the_same_name_is_not_believed(authority: Authority) -> None:
    client = Rfc3161Authority(authority.url, [Authority.found(utc_now()).root])

    assert await refused(client) == "untrusted"

    await client.close()


async def test_an_authority_whose_certificate_has_ended_is_not_believed() -> None:
    long_ago = datetime(2001, 1, 1, tzinfo=UTC)
    with serving(Authority.found(long_ago)) as authority:
        client = Rfc3161Authority(authority.url, [authority.root])

        assert await refused(client) == "untrusted"

        await client.close()


def by_openssl(query: bytes, program: str, folder: Path) -> bytes:
    (folder / "query").write_bytes(query)
    command = [program, "ts", "-reply", "-config", "conf", "-queryfile", "query", "-out", "reply"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return (folder / "reply").read_bytes()


OPENSSL = """
[tsa]
default_tsa = one
[one]
serial = serial
crypto_device = builtin
signer_cert = leaf.pem
certs = root.pem
signer_key = key.pem
signer_digest = sha256
default_policy = 1.3.6.1.4.1.99999.1
digests = sha256
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""
