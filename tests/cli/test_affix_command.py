"""`bubuh affix` offline: what it says of keys and chains that seal nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pikepdf
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bubuh.core.clock import utc_now
from bubuh.edge.reasons import FLAGS
from bubuh.pdf.intake.flags import Flag
from bubuh.pdf.seal.pki import development_pki, to_pem
from tests.authority import Authority, Script, serving
from tests.cli.here import bubuh_here

LETTER = Path(__file__).parents[1] / "data" / "surat-lamaran.pdf"
PKI = development_pki(utc_now())
CHAIN = to_pem(PKI.seal_certificate) + to_pem(PKI.issuing_certificate)


def affix(
    folder: Path,
    key: bytes,
    chain: bytes,
    *more: str,
    file: Path = LETTER,
    as_json: bool = True,
    alone: bool = False,
) -> subprocess.CompletedProcess[str]:
    """The command's end; `alone`, in a process of its own."""
    (folder / "key.pem").write_bytes(key)
    (folder / "chain.pem").write_bytes(chain)
    command = ["affix", str(file), "-o", str(folder / "out.pdf")]
    command += ["--key", str(folder / "key.pem"), "--chain", str(folder / "chain.pem")]
    command += ["--serial", "T10000000000000000000D", *(["--json"] if as_json else []), *more]
    if not alone:
        return bubuh_here(*command)
    return subprocess.run(
        [sys.executable, "-m", "bubuh", *command], capture_output=True, text=True, check=False
    )


def pem(key: ec.EllipticCurvePrivateKey, password: bytes | None = None) -> bytes:
    locked = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked)


@pytest.mark.parametrize(
    ("key", "chain"),
    [
        (b"no key", CHAIN),
        (pem(ec.generate_private_key(ec.SECP256R1()), b"secret"), CHAIN),
        (PKI.seal_key, b""),
        (PKI.seal_key, to_pem(PKI.seal_certificate)),
        (PKI.seal_key, CHAIN[:200]),
    ],
    ids=["no key", "encrypted", "no chain", "half a chain", "a broken chain"],
)
def test_a_key_or_chain_that_seals_nothing_is_named_as_such(tmp_path: Path, key: bytes, chain: bytes) -> None:
    done = affix(tmp_path, key, chain)
    assert done.returncode == 1
    assert done.stderr.startswith("key_unusable"), done.stderr
    assert not (tmp_path / "out.pdf").exists()


def test_what_inspection_found_is_told_beside_the_stamp(tmp_path: Path) -> None:
    linked = tmp_path / "taut.pdf"
    with pikepdf.open(LETTER) as pdf:
        action = pikepdf.Dictionary(S=pikepdf.Name.URI, URI=pikepdf.String("https://contoh.example/"))
        link = pikepdf.Dictionary(
            Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Link, Rect=[0, 0, 9, 9], A=action
        )
        pdf.pages[0].obj.Annots = pikepdf.Array([pdf.make_indirect(link)])
        pdf.save(linked)
    done = affix(tmp_path, PKI.seal_key, CHAIN, file=linked)
    assert json.loads(done.stdout)["flags"] == [Flag.LINK]
    assert " ".join(affix(tmp_path, PKI.seal_key, CHAIN, file=linked, as_json=False).stdout.split()).endswith(
        FLAGS[Flag.LINK].id
    )


def test_a_key_with_its_chain_seals(tmp_path: Path) -> None:
    done = affix(tmp_path, PKI.seal_key, CHAIN, alone=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.pdf").read_bytes().startswith(LETTER.read_bytes())


def test_an_authority_testifies_to_an_offline_stamp_and_the_checker_reads_it(tmp_path: Path) -> None:
    (tmp_path / "root.pem").write_bytes(to_pem(PKI.root_certificate))
    with serving(Authority.found(utc_now())) as authority:
        (tmp_path / "tsa.pem").write_bytes(to_pem(authority.root))
        time = ("--tsa", authority.url, "--tsa-root", str(tmp_path / "tsa.pem"))
        done = affix(tmp_path, PKI.seal_key, CHAIN, *time)
        assert done.returncode == 0, done.stderr

        authority.script = Script(status=500)
        failed = affix(tmp_path, PKI.seal_key, CHAIN, "-o", str(tmp_path / "other.pdf"), *time)
        assert failed.returncode == 1
        assert json.loads(failed.stdout)["reason"] == "time_stamp_bad_status"
        assert not (tmp_path / "other.pdf").exists()

    for given, finding in (
        (("--tsa-root", str(tmp_path / "tsa.pem")), "seal_time_stamp"),
        ((), "time_stamp_not_checked"),
    ):
        command = ["verify", str(tmp_path / "out.pdf"), "--json", *given]
        said = bubuh_here(*command, "--trust", str(tmp_path / "root.pem"))
        assert said.returncode == 0, said.stdout
        assert finding in json.loads(said.stdout)["findings"]


def test_an_authority_is_asked_only_with_its_root(tmp_path: Path) -> None:
    done = affix(tmp_path, PKI.seal_key, CHAIN, "--tsa", "http://127.0.0.1:9/")
    assert done.returncode == 1
    assert done.stderr.startswith("offline_incomplete"), done.stderr
