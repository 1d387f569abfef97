"""An operator holds a level: the site and the status page follow, and it is written down who did."""

from __future__ import annotations

import httpx
import pytest

from tests.service.conftest import Running
from tests.service.test_status import until

pytestmark = [pytest.mark.service, pytest.mark.shared]


def test_a_held_level_is_met_seen_and_let_go(service: Running) -> None:
    def level(path: str) -> tuple[int, str | None]:
        answer = httpx.get(service.url + path, headers={"Accept": "text/html"})
        return answer.status_code, answer.headers.get("bubuh-level")

    assert service.json("brownout", "show") == {"held": None, "now": 0}
    assert level("/periksa") == (200, None)
    assert service.json("brownout", "hold", "3")["held"] == 3
    told = until(service, lambda told: told["functions"]["buy"]["reason"] == "brownout")
    assert (told["level"], told["functions"]["buy"]["state"]) == (3, "failing")
    assert level("/periksa") == (200, "L3")
    assert "Tingkat penghematan" in httpx.get(f"{service.run.status}/").text
    assert service.json("brownout", "show") == {"held": 3, "now": 3}
    assert service.json("brownout", "hold", "4")["held"] == 4
    until(service, lambda told: told["level"] == 4)
    assert level("/masuk") == (503, "L4")
    assert httpx.post(f"{service.run.gate}/antre/umum").status_code == 200  # joins go on
    assert service.json("brownout", "release")["held"] is None
    until(service, lambda told: told["level"] == 0)
    assert level("/masuk") == (200, None)
    assert service.bubuh("audit", "verify").returncode == 0
