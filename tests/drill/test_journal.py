from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from bubuh.drill.journal import Journal, Told, read_journal


async def test_what_was_written_is_on_disk_in_order_when_write_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, synced = tmp_path / "journal.jsonl", list[int]()

    def sync(handle: int) -> None:
        synced.append(path.stat().st_size)
        real(handle)

    real = os.fsync
    monkeypatch.setattr(os, "fsync", sync)
    with Journal(path) as journal:

        async def write(no: int) -> None:
            await journal.write(Told.ACCEPTED, "acc_1", f"stm_{no}", key=str(no))
            assert f'"stm_{no}"' in path.read_text()
            assert synced[-1] >= path.read_text().index(f'"stm_{no}"')

        await asyncio.gather(*(write(no) for no in range(200)))
        assert journal.entries == 200
    assert [entry.id for entry in read_journal(path)] == [f"stm_{no}" for no in range(200)]
    assert len(synced) < 200, "those that wait share one fsync"


async def test_a_journal_is_written_on_after_its_process_came_again(tmp_path: Path) -> None:
    for fact in ("accepted", "affixed"):
        with Journal(tmp_path / "j") as journal:
            await journal.write(Told.SEEN, "acc_1", "stm_1", fact=fact)
    assert [entry.fact for entry in read_journal(tmp_path / "j")] == ["accepted", "affixed"]
