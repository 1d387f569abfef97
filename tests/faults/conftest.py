"""One service for the faults of a file, a seed for each test, and what is asked after every fault."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator

import pytest

from tests.service.conftest import Running, fresh_folder, running_service


@pytest.fixture(scope="session")
def service() -> Iterator[Running]:
    """One service for all faults that leave it as it was."""
    folder = fresh_folder()
    with running_service(folder / "data") as running:
        yield running
    shutil.rmtree(folder)


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> random.Random:
    """What a test leaves to chance. BUBUH_TEST_SEED replays it."""
    seed = int(os.environ.get("BUBUH_TEST_SEED") or random.SystemRandom().getrandbits(32))
    print(f"seed {seed} ({request.node.name}; replay with BUBUH_TEST_SEED={seed})")  # noqa: T201
    return random.Random(seed)
