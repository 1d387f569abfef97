"""Pages over real parts; only HTTP is in memory."""

from __future__ import annotations

from tests.api.conftest import site_alone as site  # noqa: F401 -- a fixture
from tests.gateway_dev.rig import gateway_process  # noqa: F401 -- a fixture
