"""The nginx configuration that is shipped: Debian's nginx takes it, and serves what the gate does."""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from bubuh.drill.gate import GateProcess
from bubuh.drill.nginx import SHIPPED, Nginx, NginxNotReady, find_nginx
from bubuh.waitingroom.room_file import RoomFile
from bubuh.web.room import HANDLERS
from tests.service.conftest import until

pytestmark = pytest.mark.oracle


@dataclass
class Front:
    """nginx before a gate; nobody listens where the site should be."""

    nginx: Nginx
    gate: GateProcess
    data: Path

    def get(self, path: str, **headers: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.nginx.port}{path}", headers=headers)


@pytest.fixture(scope="module")
def front(oracle: Callable[[str], str]) -> Iterator[Front]:
    program = find_nginx() or oracle("nginx")
    with tempfile.TemporaryDirectory(prefix="bubuh-nginx-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        gate = GateProcess.prepare(folder / "data", RoomFile(is_open=True))
        gate.start()
        data = (folder / "data").resolve()
        nginx = Nginx.prepare(folder, program=program, data=data, site_port=9, gate_port=gate.port)
        nginx.start()
        yield Front(nginx, gate, data)
        nginx.stop()
        gate.stop()


def test_nginx_accepts_it_without_a_warning(front: Front) -> None:
    said = front.nginx.check()
    assert "test is successful" in said
    assert "[warn]" not in said


def test_now_json_is_the_file_and_may_be_kept_for_two_seconds(front: Front) -> None:
    answer = front.get("/now.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "public, max-age=2"
    assert answer.headers["x-content-type-options"] == "nosniff"
    until(lambda: front.get("/now.json").content == (front.data / "room/public/now.json").read_bytes())
    first = front.get("/now.json").content
    until(lambda: front.get("/now.json").content != first)  # the next second's


def test_the_waiting_page_is_the_gates_packed_where_that_is_taken(front: Front) -> None:
    own = httpx.get(f"http://127.0.0.1:{front.gate.port}/antre")
    plain = front.get("/antre", accept_encoding="identity")
    assert plain.content == own.content
    packed = httpx.get(f"http://127.0.0.1:{front.nginx.port}/antre", headers={"accept-encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert (
        packed.content
        == own.content
        == gzip.decompress((front.data / "room/public/antre.html.gz").read_bytes())
    )
    assert packed.headers["content-type"] == own.headers["content-type"] == "text/html; charset=utf-8"
    assert packed.headers["vary"].lower() == "accept-encoding"
    assert packed.headers["x-frame-options"] == "DENY"
    policy = own.headers["content-security-policy"].removesuffix("; frame-ancestors 'none'")
    assert f'content="{policy}"' in packed.text


def test_files_are_there_while_gate_and_site_are_not(front: Front) -> None:
    (front.data / "status").mkdir(exist_ok=True)
    for name, kind in (
        ("index.html", "text/html; charset=utf-8"),
        ("status.json", "application/json"),
        ("feed.xml", "application/rss+xml; charset=utf-8"),
        ("memory", None),
    ):
        (front.data / "status" / name).write_text("{}")
        answer = front.get(f"/status/{'' if name == 'index.html' else name}")
        if kind is None:
            assert answer.status_code == 404
            continue
        assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
        assert answer.headers["cache-control"] == "public, max-age=5"
    for hidden in (
        "/gate/report",
        "/gate/enter",
        "/antre/draw-..%2f..%2froom.json",
        "/status/../secrets/now.key",
    ):
        assert front.get(hidden).status_code in {400, 404, 503}, hidden


def test_where_no_web_process_answers_people_read_so_in_words_and_programs_get_a_problem(
    front: Front,
) -> None:
    page, problem = front.get("/akun"), front.get("/v1/quota")
    for answer in (page, problem):
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
        assert answer.headers["cache-control"] == "no-store"
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "tidak hilang" in page.text
    assert problem.headers["content-type"] == "application/problem+json"
    assert (problem.json()["status"], problem.json()["code"]) == (503, "unavailable")


def test_joins_go_through_to_the_gate(front: Front) -> None:
    made = httpx.post(f"http://127.0.0.1:{front.nginx.port}/antre/umum", data={"form": "1"})
    assert (made.status_code, made.headers["location"]) == (303, "/antre")
    assert made.cookies["giliran"]
    place = front.get("/antre/tempat", cookie=f"giliran={made.cookies['giliran']}")
    assert "Kode Anda" in place.text


def test_what_the_site_answers_below_antre_goes_to_the_site(front: Front) -> None:
    paths = {path for handler in HANDLERS for path in handler.paths if path.startswith("/antre/")}
    assert len(paths) >= 4
    for path in paths:
        assert front.get(path).status_code == 503, path  # where nobody listens


def test_what_nginx_does_not_take_is_told(front: Front, tmp_path: Path) -> None:
    program = find_nginx()
    assert program is not None
    tmp_path.chmod(0o755)
    broken = Nginx.prepare(tmp_path, program=program, data=front.data, site_port=9, gate_port=9)
    (tmp_path / "bubuh.conf").write_text("nonsense;")
    with pytest.raises(NginxNotReady):
        broken.start()
    assert "CHANGE" in SHIPPED.read_text()
