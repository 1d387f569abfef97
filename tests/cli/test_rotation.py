"""Seal keys come and go; what they sealed stays genuine."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bubuh.cli.rotation import (
    NoAuthorityHere,
    SealKeyExists,
    SealKeyNeeded,
    SealKeyRefused,
    SealKeyUnknown,
    add_key,
    destroy_key,
    new_development_key,
    retire_key,
)
from bubuh.cli.seal_keys import FolderSealKeys
from bubuh.pdf.judge.verdict import judge
from bubuh.pdf.model import Algorithm, Intent, Place
from bubuh.pdf.seal.keys import load_key
from bubuh.pdf.seal.pki import Pki, development_pki, to_pem
from bubuh.stamping.refusals import SealKeyMissing, SignerUnavailable
from bubuh.wiring.folder import DataFolder
from bubuh.wiring.keys import SETTLED, keyring_of, read_keyring, read_trust
from tests.keys import NOBODY, settled
from tests.pdf.offline import affix_with_key

LETTER = Path(__file__).parents[1] / "data" / "surat-lamaran.pdf"
NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return settled(tmp_path / "data", now=NOW)


def new_key(folder: DataFolder, key_id: str, starts_at: datetime, algorithm: Algorithm = "p256") -> None:
    new_development_key(folder, NOBODY, key_id, algorithm=algorithm, starts_at=starts_at)


def stamped(folder: DataFolder, key_id: str, document: bytes, *, serial_no: str) -> bytes:
    intent = Intent(
        serial_no=serial_no,
        place=Place(page=1, x_pt=60, y_pt=80, side_pt=60),
        signed_at=NOW,
        file_id=bytes(16),
        qr_payload=f"https://bubuh.example/s/{serial_no}",
        key_id=key_id,
    )
    key = load_key((folder.keys / f"{key_id}.pem").read_bytes())
    return affix_with_key(document, intent, read_keyring(folder).chain(key_id), key)


class TestWhichKeySeals:
    def test_the_one_that_began_last_of_those_that_have_begun(self, folder: DataFolder) -> None:
        new_key(folder, "dev-10", NOW + 10 * DAY)
        new_key(folder, "dev-2", NOW + 2 * DAY)
        keyring = read_keyring(folder)
        for day, expected in ((0, "dev-1"), (1, "dev-1"), (3, "dev-2"), (11, "dev-10")):
            assert keyring.current(NOW + day * DAY).key_id == expected

    def test_the_one_before_when_the_newest_is_retired(self, folder: DataFolder) -> None:
        new_key(folder, "dev-2", NOW)
        retire_key(folder, "dev-2", now=NOW)
        assert read_keyring(folder).current(NOW).key_id == "dev-1"
        assert read_keyring(folder).chain("dev-2").key_id == "dev-2"

    def test_none_when_all_certificates_have_ended(self, folder: DataFolder) -> None:
        with pytest.raises(SealKeyMissing):
            read_keyring(folder).current(NOW + 6 * 365 * DAY)

    def test_a_running_process_sees_a_key_come_and_retire(self, folder: DataFolder) -> None:
        keyring = keyring_of(folder)
        assert keyring().current(NOW).key_id == "dev-1"
        new_key(folder, "dev-2", NOW)
        assert keyring().current(NOW).key_id == "dev-2"
        retire_key(folder, "dev-2", now=NOW)
        assert keyring().current(NOW).key_id == "dev-1"

    def test_a_folder_that_is_left_alone_is_not_read_again(self, folder: DataFolder) -> None:
        past_ns = folder.pki.stat().st_mtime_ns - 10**10
        os.utime(folder.pki, ns=(past_ns, past_ns))
        keyring = keyring_of(folder)
        assert keyring() is keyring()


@pytest.mark.parametrize("algorithm", ["p256", "rsa2048"])
def test_a_stamp_of_an_old_key_stays_genuine_beside_one_of_the_new(
    folder: DataFolder, algorithm: Algorithm
) -> None:
    new_key(folder, "dev-2", NOW, algorithm)
    once = stamped(folder, "dev-1", LETTER.read_bytes(), serial_no="1" * 22)
    twice = stamped(folder, "dev-2", once, serial_no="2" * 22)
    retire_key(folder, "dev-1", now=NOW)
    destroy_key(folder, "dev-1", in_work=0, now=NOW + SETTLED)

    for document, stamps in ((once, 1), (twice, 2)):
        verdict = judge(document, read_trust(folder, now=NOW + DAY))
        assert verdict.is_genuine, verdict.reasons
        assert len(verdict.stamps) == stamps


class TestAKeyThatIsBrought:
    @pytest.fixture
    def pki(self, folder: DataFolder) -> Pki:
        """Another authority, which this service trusts too."""
        pki = development_pki(NOW, name="Percetakan")
        with folder.root_certificate.open("ab") as roots:
            roots.write(to_pem(pki.root_certificate))
        return pki

    @staticmethod
    def bring(folder: DataFolder, pki: Pki, key: bytes, *, key_id: str = "cetak-1") -> str:
        (folder.path / "new.pem").write_bytes(key)
        chain = to_pem(pki.seal_certificate) + to_pem(pki.issuing_certificate)
        return add_key(folder, NOBODY, key_id, certificates=chain, key=folder.path / "new.pem").key_id

    def test_seals(self, folder: DataFolder, pki: Pki) -> None:
        assert self.bring(folder, pki, pki.seal_key) == "cetak-1"
        sealed = stamped(folder, "cetak-1", LETTER.read_bytes(), serial_no="1" * 22)
        assert judge(sealed, read_trust(folder, now=NOW)).is_genuine

    def test_must_be_the_certificates_own(self, folder: DataFolder, pki: Pki) -> None:
        with pytest.raises(SealKeyRefused):
            self.bring(folder, pki, development_pki(NOW).seal_key)
        assert set(read_keyring(folder).chains) == {"dev-1"}

    def test_must_lead_to_a_root_that_is_trusted(self, folder: DataFolder) -> None:
        stranger = development_pki(NOW)
        with pytest.raises(SealKeyRefused):
            self.bring(folder, stranger, stranger.seal_key)

    def test_must_not_be_an_authoritys(self, folder: DataFolder, pki: Pki) -> None:
        (folder.path / "ca.pem").write_bytes(pki.issuing_key)
        chain = to_pem(pki.issuing_certificate) + to_pem(pki.root_certificate)
        with pytest.raises(SealKeyRefused):
            add_key(folder, NOBODY, "ca", certificates=chain, key=folder.path / "ca.pem")

    @pytest.mark.parametrize("certificates", [b"", b"no PEM", to_pem(development_pki(NOW).root_certificate)])
    def test_comes_with_its_certificates(self, folder: DataFolder, pki: Pki, certificates: bytes) -> None:
        (folder.path / "new.pem").write_bytes(pki.seal_key)
        with pytest.raises(SealKeyRefused):
            add_key(folder, NOBODY, "new", certificates=certificates, key=folder.path / "new.pem")

    @pytest.mark.parametrize("key_id", ["", "../dev", "Dev", "a" * 32, "a/b", "a.b"])
    def test_has_a_plain_name(self, folder: DataFolder, pki: Pki, key_id: str) -> None:
        with pytest.raises(SealKeyRefused):
            self.bring(folder, pki, pki.seal_key, key_id=key_id)

    @pytest.mark.parametrize("key_id", ["dev-1", "development-ca"])
    def test_never_takes_a_name_that_is_taken(self, folder: DataFolder, pki: Pki, key_id: str) -> None:
        with pytest.raises(SealKeyExists):
            self.bring(folder, pki, pki.seal_key, key_id=key_id)

    @pytest.mark.parametrize(("name", "text"), [("d.json", "{}"), ("d.json", "no JSON"), ("k.pem", "no PEM")])
    def test_that_cannot_be_loaded_is_refused(
        self, folder: DataFolder, pki: Pki, name: str, text: str
    ) -> None:
        (folder.path / name).write_text(text)
        chain = to_pem(pki.seal_certificate) + to_pem(pki.issuing_certificate)
        with pytest.raises(SignerUnavailable):
            add_key(folder, NOBODY, "new", certificates=chain, key=folder.path / name)

    def test_is_made_only_where_the_authority_is(self, folder: DataFolder) -> None:
        (folder.keys / "development-ca.pem").unlink()
        with pytest.raises(NoAuthorityHere):
            new_key(folder, "dev-2", NOW)


class TestAKeyThatGoes:
    def test_is_not_the_last_one(self, folder: DataFolder) -> None:
        new_key(folder, "dev-2", NOW + DAY)
        with pytest.raises(SealKeyRefused):
            retire_key(folder, "dev-1", now=NOW)
        assert read_keyring(folder).current(NOW).key_id == "dev-1"

    def test_is_one_that_there_is(self, folder: DataFolder) -> None:
        with pytest.raises(SealKeyUnknown):
            retire_key(folder, "dev-9", now=NOW)
        with pytest.raises(SealKeyUnknown):
            destroy_key(folder, "dev-9", in_work=0, now=NOW)

    def test_retires_once(self, folder: DataFolder) -> None:
        new_key(folder, "dev-2", NOW)
        retire_key(folder, "dev-1", now=NOW)
        retire_key(folder, "dev-1", now=NOW + DAY)
        assert (folder.pki / "dev-1.retired").read_text().startswith("2026-11-22")

    @pytest.mark.parametrize(
        ("retired", "in_work", "later"),
        [(False, 0, DAY), (True, 1, DAY), (True, 0, SETTLED / 2)],
        ids=["not retired", "in work", "too soon"],
    )
    def test_stays_while_it_may_be_needed(
        self, folder: DataFolder, *, retired: bool, in_work: int, later: timedelta
    ) -> None:
        new_key(folder, "dev-2", NOW)
        if retired:
            retire_key(folder, "dev-1", now=NOW)
        with pytest.raises(SealKeyNeeded):
            destroy_key(folder, "dev-1", in_work=in_work, now=NOW + later)
        assert (folder.keys / "dev-1.pem").exists()


class TestTheSignersKeys:
    def test_come_and_go_while_it_runs(self, folder: DataFolder) -> None:
        keys = FolderSealKeys(folder)
        keys.load()
        assert keys.get("dev-2") is None
        new_key(folder, "dev-2", NOW)
        found = keys.get("dev-2")
        assert found is not None
        assert found.chain.key_id == "dev-2"
        assert keys.get("dev-2") is found
        retire_key(folder, "dev-1", now=NOW)
        assert keys.get("dev-1") is not None
        destroy_key(folder, "dev-1", in_work=0, now=NOW + SETTLED)
        assert keys.get("dev-1") is None

    @pytest.mark.parametrize("key_id", ["development-ca", "../keys/dev-1", "", "dev-1.pem"])
    def test_are_those_of_the_keyring_alone(self, folder: DataFolder, key_id: str) -> None:
        assert FolderSealKeys(folder).get(key_id) is None
