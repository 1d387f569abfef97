from __future__ import annotations

from tests.gateway_dev.rig import (  # noqa: F401 -- fixtures
    gateway,
    gateway_process,
    inbox,
    own_gateway,
    running,
    shop,
)
