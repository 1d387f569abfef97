"""What a process gives up, it cannot take back; what it needs afterwards, it has."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from bubuh.core.privileges import Uids, gid_of

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="NEEDS ROOT: other users are not tried")


def run(program: str, *arguments: str) -> str:
    """What `program` prints, run by a Python of its own; fails when it fails."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"RES_OPTIONS": "timeout:1 attempts:1"},  # where no server of names answers
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_only_root_has_others_to_become() -> None:
    uids = Uids.here()
    found = [uids.signer, uids.app, uids.sandbox, uids.postgres]
    assert found == [None] * 4 if os.geteuid() != 0 else len({0, *found}) == 5


def test_without_another_user_the_rest_still_holds() -> None:
    told = run("""
        import os
        from bubuh.core.privileges import drop_to
        drop_to(None)
        status = dict(row.split(":", 1) for row in open("/proc/self/status"))
        print(status["NoNewPrivs"].strip(), oct(os.umask(0)), os.getuid())
    """)
    assert told == f"1 0o77 {os.getuid()}"


def test_a_child_ends_with_its_parent() -> None:
    told = run("""
        import os, signal, time
        from bubuh.core.privileges import drop_to
        ours, theirs = os.pipe()
        parent = os.fork()
        if parent == 0:
            me = os.getpid()
            if os.fork() == 0:
                drop_to(None, parent_pid=me)
                os.write(theirs, b"ready")
                time.sleep(60)
            os.read(ours, 5)
            os._exit(0)
        os.close(theirs)
        os.waitpid(parent, 0)
        print(os.read(ours, 9))  # b"" once the last writer is dead
    """)
    assert told == "b''"


def test_a_child_whose_parent_is_gone_already_ends_at_once() -> None:
    told = run("""
        import os
        from bubuh.core.privileges import die_with_parent
        child = os.fork()
        if child == 0:
            die_with_parent(1 << 22)
            os._exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """)
    assert told == str(-signal.SIGKILL)


@pytest.mark.root
@needs_root
def test_there_is_no_way_back_and_nothing_of_others_to_read(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    secret = tmp_path / "secret"
    secret.write_text("the seal key")
    secret.chmod(0o600)
    told = run(
        """
        import os, sys
        from bubuh.core.privileges import Uids, drop_to
        secret = os.open(os.path.dirname(sys.argv[1]), os.O_PATH)
        drop_to(Uids.here().app)
        print(*os.getresuid(), *os.getresgid(), os.getgroups())
        for act in (
            lambda: os.setuid(0),
            lambda: os.setgid(0),
            lambda: os.open("secret", os.O_RDONLY, dir_fd=secret),
            lambda: os.kill(1, 0),
        ):
            try:
                act()
                print("possible")
            except PermissionError:
                print("refused")
        """,
        str(secret),
    ).splitlines()
    app = Uids.here().app
    assert told == [" ".join([str(app)] * 6) + " []"] + ["refused"] * 4


@pytest.mark.root
@needs_root
def test_two_of_one_user_cannot_look_into_each_other() -> None:
    told = run("""
        import os
        from bubuh.core.privileges import Uids, drop_to
        ours, theirs = os.pipe()
        child = os.fork()
        drop_to(Uids.here().signer)
        if child == 0:
            os.write(theirs, b"!")
            os.pause() if hasattr(os, "pause") else __import__("signal").pause()
        os.read(ours, 1)
        for name in ("mem", "environ", "fd"):
            try:
                os.listdir(f"/proc/{child}/{name}") if name == "fd" else open(f"/proc/{child}/{name}").close()
                print("open")
            except PermissionError:
                print("closed")
        os.kill(child, 9)
    """)
    assert told.split() == ["closed"] * 3


@pytest.mark.root
@needs_root
def test_a_named_user_keeps_its_own_group() -> None:
    uids = Uids.here()
    assert uids.postgres is not None
    assert uids.app is not None
    assert gid_of(uids.postgres) != 0
    assert gid_of(uids.app) == uids.app


#: A small copy of what web and worker do once dropped: serve, refuse, fail, render, log, ask a database.
DROPPED_SERVICE = """
    import asyncio, socket, sys
    import aiosql, asyncpg, httptools, jinja2, litestar, msgspec, obstore, segno, structlog
    import prometheus_client, uvicorn, uvloop
    from litestar import Litestar, get, post
    from litestar.contrib.jinja import JinjaTemplateEngine
    from litestar.response import Stream, Template
    from litestar.template.config import TemplateConfig
    from bubuh.core.privileges import Uids, drop_to, preload

    class Body(msgspec.Struct):
        number: int

    @get("/plain")
    async def plain() -> dict[str, int]:
        return {"a": 1}

    @post("/body")
    async def body(data: Body) -> Body:
        return data

    @get("/boom")
    async def boom() -> None:
        raise ValueError("boom")

    @get("/page")
    async def page() -> Template:
        return Template("page.html", context={"words": ["b", "a"]})

    @get("/stream")
    async def stream() -> Stream:
        async def parts():
            yield b"part"
        return Stream(parts())

    @get("/thread", sync_to_thread=True)
    def thread() -> str:
        return "done"

    loader = jinja2.DictLoader({"page.html": "{{ words|sort|join(', ') }} {{ 'x'|upper }}"})
    engine = JinjaTemplateEngine(engine_instance=jinja2.Environment(loader=loader, enable_async=False))
    app = Litestar([plain, body, boom, page, stream, thread], template_config=TemplateConfig(instance=engine))

    async def ask(port, method, path, body=b""):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = (f"{method} {path} HTTP/1.1", "Host: t", "Connection: close", "Content-Type: application/json",
                f"Content-Length: {len(body)}", "", "")
        writer.write("\\r\\n".join(head).encode() + body)
        answer = await reader.read()
        writer.close()
        return answer.split()[1].decode()

    async def live(listening):
        config = uvicorn.Config(app, log_config=None, loop="none", http="httptools", ws="none", lifespan="on")
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve([listening]))
        while not server.started:
            await asyncio.sleep(0.01)
        port = listening.getsockname()[1]
        for method, path, sent in (
            ("GET", "/plain", b""),
            ("POST", "/body", b'{"number": 1}'), ("POST", "/body", b'{"number": "x"}'),
            ("GET", "/boom", b""), ("GET", "/page", b""), ("GET", "/stream", b""), ("GET", "/thread", b""),
            ("GET", "/nowhere", b""), ("GET", "/schema/openapi.json", b""), ("PUT", "/plain", b""),
        ):
            print(await ask(port, method, path, sent), end=" ")
        for host in ("127.0.0.1", "b\\u00fccher.invalid"):
            try:
                await asyncpg.connect(host=host, port=1, user="nobody", database="none", passfile="/none")
            except OSError as error:
                print(type(error).__name__, end=" ")
        server.should_exit = True
        await serving

    preload("bubuh.core")
    known = set(sys.modules)
    listening = socket.create_server(("127.0.0.1", 0))
    drop_to(Uids.here().app)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(live(listening))
    rendered = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    structlog.configure(processors=rendered, logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        1 / 0
    except ZeroDivisionError:
        structlog.get_logger().exception("logged")
    print(sorted(set(sys.modules) - known))
"""


def test_a_dropped_service_imports_nothing_more() -> None:
    """Under root this is the real thing: the interpreter may lie where the dropped user cannot go."""
    told = run(DROPPED_SERVICE)
    assert told == "200 201 400 500 200 200 200 404 200 405 ConnectionRefusedError gaierror []"


@pytest.mark.root
@needs_root
def test_what_was_not_imported_before_is_out_of_reach_for_good(tmp_path: Path) -> None:
    """The case `preload` is for: an interpreter whose libraries lie below a home only root may enter."""
    home = tmp_path / "home"
    (home / "package").mkdir(parents=True)
    (home / "package" / "__init__.py").write_text("")
    (home / "package" / "early.py").write_text("def late():\n    import package.later\n")
    (home / "package" / "later.py").write_text("")
    home.chmod(0o700)
    program = """
        import importlib, sys
        from bubuh.core.privileges import Uids, drop_to, preload
        sys.path.insert(0, sys.argv[1])
        if sys.argv[2] == "preloaded":
            preload("package")
        from package.early import late
        drop_to(Uids.here().app)
        try:
            late()
            print("found")
        except ImportError:
            print("lost")
    """
    assert run(program, str(home), "preloaded") == "found"
    assert run(program, str(home), "forgotten") == "lost"
