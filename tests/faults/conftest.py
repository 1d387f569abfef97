"""One service for the faults of a file, a seed for each test, and what is asked after every fault."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.service.conftest import Running, Shared

SHARED = Shared()


@pytest.fixture(scope="module")
def service() -> Running:
    """One service for all faults that leave it as it was."""
    return SHARED.get()


@pytest.hookimpl(trylast=True)  # when the test's own fixtures are torn down
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    """It ends with the last of them: it would compute beside the tests of other folders."""
    if nextitem is None or nextitem.path.parent != Path(__file__).parent:
        SHARED.stop()


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> random.Random:
    """What a test leaves to chance. BUBUH_TEST_SEED replays it."""
    seed = int(os.environ.get("BUBUH_TEST_SEED") or random.SystemRandom().getrandbits(32))
    print(f"seed {seed} ({request.node.name}; replay with BUBUH_TEST_SEED={seed})")  # noqa: T201
    return random.Random(seed)
