"""Pages over real parts; only HTTP is in memory."""

from __future__ import annotations

from tests.api.conftest import site  # noqa: F401 -- a fixture
from tests.gateway_dev.rig import gateway_process  # noqa: F401 -- a fixture
