"""The workshop of the stamping tests: what is verified here was affixed by the real saga."""

from __future__ import annotations

from tests.stamping.conftest import signer, town

__all__ = ["signer", "town"]
