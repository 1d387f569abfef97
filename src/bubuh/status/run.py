"""The status process: look, judge, write, again, until it is told to stop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import structlog

from bubuh.outages.kept import Shelf as KeptWords, with_kept
from bubuh.outages.model import Function
from bubuh.status.days import Memory
from bubuh.status.judge import judge, judge_calls
from bubuh.status.look import Eyes
from bubuh.status.pages import MEDIA_TYPES, File, Look, read_back, record_name, render, style
from bubuh.status.serve import Shelf

_log = structlog.get_logger(__name__)
EVERY_S: Final = 5.0
_REMEMBER_EVERY_S: Final = 60.0
_MEMORY: Final = "memory"  #: no file for others


class Page:
    """The page over one folder. Files of the folder may be served by any web server."""

    def __init__(
        self,
        eyes: Eyes,
        shelf: Shelf,
        folder: Path,
        *,
        kept: KeptWords,
        site: str,
        address: str,
        root: bytes,
    ) -> None:
        """`root` is the service's root certificate (PEM), `address` the page's own.

        `kept` has what operators said while the database was away.
        """
        self._eyes = eyes
        self._kept_words = kept
        self._shelf = shelf
        self._folder = folder
        self._site = site
        self._address = address
        self._memory = Memory.read(folder / _MEMORY)
        self._looked_at: float | None = None
        self._remembered_at = time.monotonic()
        shelf.put(read_back(folder))
        self._keep({"status.css": style(), "root.pem": File(root, MEDIA_TYPES[".pem"])})

    async def refresh(self) -> None:
        """Look once, and write what was seen."""
        measured = await self._eyes.look()
        answers = self._eyes.answers
        if answers is not None:
            self._memory.outages, self._memory.partners = answers.outages, answers.partners
        outages = with_kept(self._memory.outages, [one for _, one in self._kept_words.words()])
        declared = {function for outage in outages if not outage.is_over for function in outage.functions}
        shown = [function for function in Function if function is not Function.QUEUE or measured.has_gate]
        healths = judge(measured, shown=shown, declared=declared)
        now = time.monotonic()
        if self._looked_at is not None:  # while nobody looked, nothing is known
            seconds = min(now - self._looked_at, EVERY_S * 3)
            self._memory.note(measured.at, seconds, healths)
            calls = {partner: judge_calls(partner, measured) for partner in self._memory.partners}
            self._memory.note_calls(measured.at, seconds, calls)
        self._looked_at = now
        records = [] if answers is None else answers.records
        look = Look(
            measured=measured,
            healths=healths,
            outages=outages,
            records=records,
            signed={record.statement.subject for record in records}
            | {each.id for each in outages if f"{record_name(each.id)}.p7s" in self._shelf},
            memory=self._memory,
            site=self._site,
            page=self._address,
        )
        self._keep(render(look))
        if now - self._remembered_at >= _REMEMBER_EVERY_S:
            self.remember()

    def remember(self) -> None:
        """Write what outlives the process."""
        self._memory.write(self._folder / _MEMORY)
        self._remembered_at = time.monotonic()

    def _keep(self, files: Mapping[str, File]) -> None:
        self._shelf.put(files)
        for name, file in files.items():
            path = self._folder / name
            path.parent.mkdir(exist_ok=True)
            unfinished = path.with_name(f".{path.name}")
            unfinished.write_bytes(file.content)
            unfinished.replace(path)


async def keep_writing(page: Page, eyes: Eyes, stop: asyncio.Event) -> None:
    """Write the page every few seconds until `stop` is set."""
    try:
        while not stop.is_set():
            begun = time.monotonic()
            await page.refresh()
            try:
                async with asyncio.timeout(max(0.5, EVERY_S - (time.monotonic() - begun))):
                    await stop.wait()
            except TimeoutError:
                continue
    finally:
        page.remember()
        await eyes.close()
