"""The files say what was measured and told, escape what operators write, and outlive the process."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from xml.etree import ElementTree as ET

import pytest

from bubuh.core.ids import show_id
from bubuh.outages.model import Function, Outage, Said, Update
from bubuh.statements.model import Kind, SignedStatement, Statement
from bubuh.status.days import KEPT_DAYS, Memory
from bubuh.status.judge import judge
from bubuh.status.model import Books, Health, Measured, Reason, State
from bubuh.status.pages import MEDIA_TYPES, File, Look, read_back, record_name, render, style
from bubuh.status.serve import Shelf

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
HARM = "<script>alert('x')</script> & \"lain\""
OUTAGE = Outage(
    id=UUID(int=7),
    functions=frozenset({Function.STAMP}),
    began_at=NOW - timedelta(hours=1),
    ended_at=None,
    updates=[
        Update(
            no=1,
            said=Said(indonesian=HARM, english=HARM, next_update_at=NOW - timedelta(minutes=1)),
            actor="local",
            written_at=NOW - timedelta(hours=1),
        )
    ],
)
MEASURED = Measured(
    at=NOW,
    web="ok",
    is_worker_alive=True,
    is_signer_alive=True,
    affixed=31,
    gateways={"snap-bank": True, "xendit": False},
    books=Books(waiting_s=2.4, unmatched=3, whole_days=41),
)


def look(**changed: Any) -> Look:
    measured = changed.pop("measured", MEASURED)
    outages = changed.pop("outages", [])
    declared = {function for outage in outages if not outage.is_over for function in outage.functions}
    shown = (Function.BUY, Function.PAY, Function.STAMP, Function.VERIFY)
    facts: dict[str, Any] = {"records": [], "signed": set(), "memory": Memory(), **changed}
    return Look(
        measured=measured,
        healths=judge(measured, shown=shown, declared=declared),
        outages=outages,
        site="https://bubuh.example",
        page="https://status.bubuh.example",
        **facts,
    )


def text(files: Mapping[str, File], name: str) -> str:
    return files[name].content.decode()


def test_both_languages_tell_states_reasons_and_numbers() -> None:
    files = render(look())
    assert "Sebagian terganggu" in text(files, "index.html")
    assert "Gerbang pembayaran bermasalah" in text(files, "index.html")
    assert "Partly disrupted" in text(files, "en.html")
    assert "23 Nov 2026 17.00.00 WIB" in text(files, "index.html")
    told = json.loads(files["status.json"].content)
    assert told["state"] == "failing"
    assert told["functions"]["pay"] == {
        "state": "failing",
        "reason": "gateway",
        "asked": 0,
        "failed": 0,
        "p99_s": None,
        "well_share": None,
    }
    assert told["books"] == {"waiting_s": 2.4, "unmatched": 3, "whole_days": 41}
    assert told["affixed"] == 31


def test_what_could_not_be_measured_is_said_to_be_so() -> None:
    files = render(look(measured=Measured(at=NOW)))
    assert "Tidak terukur" in text(files, "index.html")
    assert json.loads(files["status.json"].content)["books"] is None


def test_an_outage_is_told_escaped_with_what_was_promised() -> None:
    files = render(look(outages=[OUTAGE]))
    for name in ("index.html", "en.html"):
        assert "<script>" not in text(files, name)
        assert "&lt;script&gt;" in text(files, name)
    assert "Kabar yang dijanjikan terlambat." in text(files, "index.html")
    assert "Surat keterangan belum ditandatangani." in text(files, "index.html")
    (item,) = ET.fromstring(files["feed.xml"].content).findall("channel/item")
    assert item.findtext("guid") == f"{show_id('out', OUTAGE.id)}-1"
    assert HARM in (item.findtext("description") or "")


def test_the_record_lies_beside_the_page_as_it_was_signed() -> None:
    statement = Statement(kind=Kind.OUTAGE, subject=OUTAGE.id, no=1, facts=b'{"no":1}')
    record = SignedStatement(statement=statement, key_id="k", signature=b"cms", signed_at=NOW)
    files = render(look(outages=[OUTAGE], records=[record], signed={OUTAGE.id}))
    assert files[f"{record_name(OUTAGE.id)}.json"].content == b'{"no":1}'
    assert files[f"{record_name(OUTAGE.id)}.p7s"].content == b"cms"
    assert f"{record_name(OUTAGE.id)}.p7s" in text(files, "index.html")
    over = replace(OUTAGE, ended_at=NOW)
    assert "terlambat" not in text(render(look(outages=[over])), "index.html")


def test_a_page_is_small() -> None:
    memory = Memory()
    for ago in range(KEPT_DAYS):
        state = list(State)[ago % len(State)]
        memory.note(NOW - timedelta(days=ago), 100.0, dict.fromkeys(Function, Health(state=state)))
    files = render(look(memory=memory, outages=[OUTAGE]))
    whole = sum(len(gzip.compress(file.content)) for file in (files["index.html"], style()))
    assert whole < 12_000


def test_days_are_remembered_and_a_lost_memory_stops_nothing(tmp_path: Path) -> None:
    memory, down = Memory(outages=[OUTAGE]), Health(state=State.DOWN, reason=Reason.DATABASE)
    memory.note(NOW - timedelta(days=1), 300.0, {Function.BUY: Health(state=State.OK)})
    memory.note(NOW - timedelta(days=1), 5.0, {Function.BUY: down})
    memory.note(NOW, 100.0, {Function.BUY: down})
    memory.write(tmp_path / "memory")
    read = Memory.read(tmp_path / "memory")
    assert read == memory
    assert read.worst_by_day(Function.BUY, NOW)[-3:] == [None, State.OK, State.DOWN], "5 s paint no day"
    assert read.well_share(Function.BUY) == pytest.approx(300 / 405)
    (tmp_path / "memory").write_bytes(b"{")
    assert Memory.read(tmp_path / "memory") == Memory()
    for ago in range(3 * KEPT_DAYS):
        memory.note(NOW + timedelta(days=ago), 5.0, {Function.BUY: down})
    assert len(memory.days) == KEPT_DAYS


def test_what_an_earlier_process_left_is_served_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "outages").mkdir()
    for name in ("index.html", "outages/out_1.p7s", "memory", ".index.html", "status.json"):
        (tmp_path / name).write_bytes(name.encode())
    found = read_back(tmp_path)
    assert set(found) == {"index.html", "outages/out_1.p7s", "status.json"}
    assert found["index.html"] == File(b"index.html", MEDIA_TYPES[".html"])


async def asked(
    shelf: Shelf, path: str, method: str = "GET", **headers: str
) -> tuple[int, dict[bytes, bytes], bytes]:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        raise AssertionError("no body is read")

    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    await shelf({"type": "http", "method": method, "path": path, "headers": named}, receive, send)
    return sent[0]["status"], dict(sent[0]["headers"]), sent[1].get("body", b"")


async def test_the_shelf_serves_what_it_has() -> None:
    shelf, page = Shelf(), File(b"<p>halo</p>" * 100, "text/html; charset=utf-8")
    shelf.put({"index.html": page, "status.json": File(b"{}", "application/json")})
    status, headers, body = await asked(shelf, "/")
    assert (status, body) == (200, page.content)
    assert b"default-src 'none'" in headers[b"content-security-policy"]
    assert (await asked(shelf, "/index.html", if_none_match=headers[b"etag"].decode()))[0] == 304
    status, headers, body = await asked(shelf, "/", accept_encoding="br, gzip")
    assert (headers[b"content-encoding"], gzip.decompress(body)) == (b"gzip", page.content)
    assert (await asked(shelf, "/", "HEAD"))[2] == b""
    assert (await asked(shelf, "/status.json"))[2] == b"{}"
    assert (await asked(shelf, "/../memory"))[0] == 404
    assert (await asked(shelf, "/", "POST"))[0] == 405
