"""The worker process: what it affixes with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bubuh.pdf.model import Level
from bubuh.sandbox import Sandbox
from bubuh.settings import Settings
from bubuh.stamping.affix import Workshop
from bubuh.stamping.bells import LEVEL_WANTED, WAITING
from bubuh.stamping.serials import SerialBlocks
from bubuh.stamping.steps import Steps
from bubuh.wiring.folder import DataFolder
from bubuh.wiring.keys import keyring_of
from bubuh.wiring.parts import Parts, open_parts


@asynccontextmanager
async def open_workshop(
    settings: Settings, folder: DataFolder, sandbox: Sandbox, *, name: str
) -> AsyncIterator[tuple[Workshop, Parts]]:
    """The workshop of the worker `name`, and the parts its rounds need; raises as `open_parts` does."""
    async with open_parts(settings, folder, bells=(WAITING, LEVEL_WANTED)) as parts:
        shop = Workshop(
            db=parts.db,
            sandbox=sandbox,
            objects=parts.objects,
            store_key=parts.store_key,
            signer=parts.signer,
            serial_key=parts.serial_key,
            serials=SerialBlocks(taken_by=name),
            steps=Steps.self_clocked(parts.db),
            keyring=keyring_of(folder),
            public_url=parts.facts.public_url,
            level=Level(settings.wanted_level),
        )
        yield shop, parts
