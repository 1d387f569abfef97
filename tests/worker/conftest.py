"""The workshop of the stamping tests, at a worker's desk."""

from __future__ import annotations

from tests.stamping.conftest import signer, town

__all__ = ["signer", "town"]
