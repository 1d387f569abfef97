from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from bubuh.core.clock import utc_now
from bubuh.core.errors import DatabaseUnavailable
from bubuh.core.privileges import Uids
from bubuh.db.pool import Database
from bubuh.documents.revisions import open_revision
from bubuh.pdf.model import Intent, Place, Trust
from bubuh.pdf.seal.keys import load_key
from bubuh.pdf.seal.pki import Pki, development_pki
from bubuh.sandbox import Sandbox, SandboxUnavailable
from bubuh.stamping import store
from bubuh.stamping.affix import affix
from bubuh.stamping.model import Lease, WrittenIntent
from bubuh.stamping.refusals import SerialUnknown
from bubuh.stamping.serial import BLOCK, SerialKey
from bubuh.verification.look_up import DatabaseLedger, look_up
from bubuh.verification.model import SerialFacts, Verdict, Word
from bubuh.verification.verify import verify
from tests.conftest import Dsns
from tests.pdf.offline import affix_with_key
from tests.stamping.conftest import LETTER, Town

NOWHERE = Place(page=1, x_pt=60, y_pt=80, side_pt=60)
STRANGE = [b"", b"%PDF-1.7\n", b"no pdf", b"\xff" * 5_000, b"%PDF-1.4\n" + b"[" * 100_000, b"%PDF-1.4\n%%EOF"]


async def stamped(town: Town, document_id: UUID | None = None, *, no: int = 1) -> tuple[UUID, bytes]:
    """A document that the saga stamped, and its bytes as revision `no`."""
    document_id = document_id or await town.upload()
    await town.accept(document_id, no=str(no))
    for lease in await town.lease():
        await affix(lease, town.shop)
    opened = await open_revision(
        town.citizen.account_id,
        document_id,
        no,
        db=town.db,
        objects=town.shop.objects,
        store_key=town.shop.store_key,
    )
    return document_id, await opened.read()


async def judged(town: Town, data: bytes, *, trust: Trust | None = None) -> Verdict:
    ledger = DatabaseLedger(town.db, town.shop.serial_key)
    return await verify(data, sandbox=town.shop.sandbox, trust=trust or town.trust, ledger=ledger)


async def facts_of(town: Town, serial_no: str | None) -> SerialFacts:
    assert serial_no is not None
    return await look_up(town.db, town.shop.serial_key, serial_no)


async def intended(town: Town) -> tuple[Lease, str]:
    """A stamp in work, and the serial number it was given."""
    await town.accept(await town.upload())
    (lease,) = await town.lease()
    serial = await town.shop.serials.take(town.db, lease.shard)
    written = WrittenIntent(
        serial=serial,
        serial_no=town.shop.serial_key.show(serial),
        base_revision=0,
        base_sha256=bytes(32),
        signed_at=utc_now().replace(microsecond=0),
        file_id=bytes(16),
        key_id="test-1",
    )
    new = store.NewIntent(lease=lease, written=written)
    assert await store.intend_n(town.db, lease.shard, [new]) == [True]
    return lease, written.serial_no


async def void_serial(town: Town) -> str:
    """A serial number that was given to a stamp whose quota went back."""
    lease, serial_no = await intended(town)
    assert await town.give_back(lease) == "done"
    return serial_no


def forged(pki: Pki, serial_no: str) -> bytes:
    """A letter stamped by whoever holds the key of `pki`, beside every ledger."""
    intent = Intent(
        serial_no=serial_no,
        place=NOWHERE,
        signed_at=datetime(2026, 9, 1, tzinfo=UTC),
        file_id=bytes(16),
        qr_payload=f"http://127.0.0.1:8000/s/{serial_no}",
        key_id="forger",
    )
    return affix_with_key(LETTER.read_bytes(), intent, pki.chain("forger"), load_key(pki.seal_key))


async def test_what_the_service_affixed_is_genuine(town: Town) -> None:
    _, data = await stamped(town)
    verdict = await judged(town, data)
    assert (word_of(verdict), verdict.reasons, verdict.findings) == ("genuine", (), ())
    facts = await facts_of(town, verdict.serial_no)
    assert verdict.stamps[0].affixed_at == facts.affixed_at
    assert verdict.stamps[0].page == 1


async def test_two_stamps_in_one_document_are_genuine_together(town: Town) -> None:
    document_id, first = await stamped(town)
    _, both = await stamped(town, document_id, no=2)
    verdict = await judged(town, both)
    assert verdict.is_genuine, verdict.reasons
    assert len({stamp.serial_no for stamp in verdict.stamps}) == 2
    assert (await judged(town, first)).is_genuine


async def test_a_document_without_a_stamp_proves_nothing(town: Town) -> None:
    verdict = await judged(town, LETTER.read_bytes())
    assert (verdict.verdict, verdict.reasons) == (Word.NOT_PROVABLE, ("no_stamp",))


async def test_a_changed_byte_makes_it_not_genuine(town: Town) -> None:
    _, data = await stamped(town)
    at = data.index(b"stream") + 20
    changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
    assert (await judged(town, changed)).verdict is Word.NOT_GENUINE


async def test_bytes_behind_the_end_make_it_no_longer_genuine(town: Town) -> None:
    _, data = await stamped(town)
    assert not (await judged(town, data + b"\n% more")).is_genuine


async def test_a_stamp_that_the_ledger_never_gave_is_not_genuine_whoever_signed_it(town: Town) -> None:
    pki = development_pki(utc_now())
    trust = Trust(roots=(pki.root_certificate,), now=utc_now())
    data = forged(pki, town.shop.serial_key.show(12_345_678))
    verdict = await judged(town, data, trust=trust)
    assert (verdict.verdict, verdict.reasons) == (Word.NOT_GENUINE, ("serial_unknown",))
    alone = await verify(data, sandbox=town.shop.sandbox, trust=trust, ledger=None)
    assert (word_of(alone), alone.findings) == ("genuine", ("ledger_not_asked",))


async def test_a_serial_number_on_another_document_is_not_genuine(town: Town) -> None:
    _, genuine = await stamped(town)
    serial_no = (await judged(town, genuine)).serial_no
    assert serial_no is not None
    pki = development_pki(utc_now())
    trust = Trust(roots=(pki.root_certificate,), now=utc_now())
    verdict = await judged(town, forged(pki, serial_no), trust=trust)
    assert (verdict.verdict, verdict.reasons) == (Word.NOT_GENUINE, ("ledger_digest_differs",))


async def test_a_void_serial_number_is_not_genuine(town: Town) -> None:
    pki = development_pki(utc_now())
    trust = Trust(roots=(pki.root_certificate,), now=utc_now())
    verdict = await judged(town, forged(pki, await void_serial(town)), trust=trust)
    assert (verdict.verdict, verdict.reasons) == (Word.NOT_GENUINE, ("serial_unknown",))


async def test_a_serial_number_still_in_work_is_not_sealed(town: Town) -> None:
    _lease, serial_no = await intended(town)
    pki = development_pki(utc_now())
    trust = Trust(roots=(pki.root_certificate,), now=utc_now())
    verdict = await judged(town, forged(pki, serial_no), trust=trust)
    assert (verdict.verdict, verdict.reasons) == (Word.NOT_GENUINE, ("serial_not_sealed",))


async def test_the_ledger_tells_whose_number_stands_on_a_face_without_a_seal(town: Town) -> None:
    _, genuine = await stamped(town)
    affixed = str((await judged(town, genuine)).serial_no)
    _lease, in_work = await intended(town)
    cases = {affixed: "face_of_a_stamp", in_work: "face_of_unsealed_stamp", "Z" * 22: "face_of_no_stamp"}
    for serial_no, finding in cases.items():
        copied = LETTER.read_bytes().replace(b"startxref", b"% /s/" + serial_no.encode() + b"\nstartxref")
        verdict = await judged(town, copied)
        assert (verdict.reasons, verdict.findings) == (("face_without_seal",), (finding,))


async def test_a_signer_nobody_trusts_is_not_genuine_even_with_a_known_serial_number(town: Town) -> None:
    _, genuine = await stamped(town)
    serial_no = (await judged(town, genuine)).serial_no
    verdict = await judged(town, forged(development_pki(utc_now()), str(serial_no)))
    assert verdict.verdict is Word.NOT_GENUINE
    assert "ledger_digest_differs" in verdict.reasons


async def test_no_bytes_make_it_fail(town: Town) -> None:
    verdicts = [await judged(town, data) for data in STRANGE]
    assert not any(verdict.is_genuine for verdict in verdicts)
    assert all(verdict.reasons for verdict in verdicts)


async def test_without_a_sandbox_nobody_can_say(town: Town) -> None:
    with Sandbox.start(Uids.here().sandbox) as sandbox:
        sandbox.close()
        gone = replace(town, shop=replace(town.shop, sandbox=sandbox))
        with pytest.raises(SandboxUnavailable):
            await judged(gone, LETTER.read_bytes())


async def test_without_the_ledger_nobody_can_say(town: Town, dsns: Dsns) -> None:
    _, data = await stamped(town)
    closed = await Database.open(dsns.app, size=1)
    await closed.close()
    gone = replace(town, db=closed)
    with pytest.raises(DatabaseUnavailable):
        await judged(gone, data)


class TestLookingUp:
    async def test_tells_when_and_over_what_and_nothing_of_whose_it_is(self, town: Town) -> None:
        await stamped(town)
        row = await town.db.fetchrow(
            "SELECT serial_no, digest, ended_at FROM stamps WHERE shard = $1", town.citizen.shard
        )
        assert row is not None
        facts = await facts_of(town, row["serial_no"])
        assert (facts.serial_no, facts.digest, facts.affixed_at, facts.state) == (*row, "affixed")
        assert facts.content_unseen is False
        told = {"serial_no", "digest", "affixed_at", "content_unseen"}
        assert {field.name for field in fields(facts)} == told

    async def test_finds_no_difference_between_void_unused_foreign_and_nonsense(self, town: Town) -> None:
        _, data = await stamped(town)
        used = town.shop.serial_key.read(str((await judged(town, data)).serial_no))
        key = town.shop.serial_key
        texts = {
            "void": await void_serial(town),
            "of a known block, not used yet": key.show(used // BLOCK * BLOCK + BLOCK - 1),
            "of a block nobody took": key.show(1),
            "another issuer's": SerialKey("T2", bytes(32)).show(used),
            "mistyped": key.show(used)[:-1] + ("0" if key.show(used)[-1] != "0" else "1"),
            "lower case": key.show(used).lower(),
            "too short": key.show(used)[:-1],
            "empty": "",
            "not ascii": "Ä" * 22,
        }
        told = set()
        for text in texts.values():
            with pytest.raises(SerialUnknown) as caught:
                await look_up(town.db, key, text)
            told.add((caught.value.code, str(caught.value), caught.value.pointer))
        assert told == {("not_found", "not_found", None)}

    async def test_says_nothing_before_the_stamp_is_affixed(self, town: Town) -> None:
        _, text = await intended(town)
        with pytest.raises(SerialUnknown):
            await facts_of(town, text)


def word_of(verdict: Verdict) -> str:
    return str(verdict.verdict)
