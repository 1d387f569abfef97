"""Documents tell what is so: links lead somewhere, and tables say what the code says."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from bubuh.asgi import HANDLERS
from bubuh.cli import app
from bubuh.edge.reasons import DOCUMENT_REASONS, FLAGS
from bubuh.quota.invariants import Invariant
from bubuh.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
DOCUMENTS = sorted(
    path
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "tests").rglob("*.md"))
    if path.is_file()
)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def read(name: str | Path) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def anchors(document: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", read(document)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def rows(document: str, columns: int) -> Iterator[list[str]]:
    """The cells of every table row of so many columns, heads and rules included."""
    for line in read(document).splitlines():
        if line.startswith("|") and len(cells := line.strip("|").split("|")) == columns:
            yield [cell.strip() for cell in cells]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_link_leads_somewhere(document: Path) -> None:
    lost = []
    for target in LINK.findall(FENCE.sub("", read(document))):
        if target.startswith(("https:", "mailto:")):
            continue
        name, _, anchor = target.partition("#")
        there = document.parent / name if name else document
        if not there.exists() or (anchor and anchor not in anchors(there)):
            lost.append(target)
    assert lost == []


def test_decisions_are_numbered_without_a_gap_and_listed() -> None:
    pages = sorted(path.name for path in (ROOT / "docs/adr").glob("0*.md"))
    assert [int(name[:4]) for name in pages] == list(range(1, len(pages) + 1))
    listed = re.findall(r"\]\((0\S+\.md)\)", read("docs/adr/README.md"))
    assert listed == pages


def test_a_decision_opens_with_its_number() -> None:
    for path in (ROOT / "docs/adr").glob("0*.md"):
        assert read(path).startswith(f"# {path.name[:4]} "), path.name


def test_both_readmes_open_with_the_two_commands() -> None:
    for name in ("README.md", "README.id.md"):
        first_block = re.search(r"```sh\n(.*?)```", read(name), re.DOTALL)
        assert first_block is not None
        commands = [line.split("#")[0].strip() for line in first_block.group(1).splitlines()]
        assert commands == ["./start", "./test"], name


def test_both_readmes_name_the_same_commands_calls_and_promises() -> None:
    def named(document: str) -> tuple[set[str], set[str]]:
        code = set(re.findall(r"`([^`\n]+)`", FENCE.sub("", read(document))))
        return code, set(re.findall(r"^\| (P\d+) \|", read(document), re.MULTILINE))

    english, indonesian = named("README.md"), named("README.id.md")
    states = {"accepted", "processing", "affixed", "returned"}  # Indonesian readers are told their words
    assert english[0] == indonesian[0] - states
    assert english[1] == indonesian[1] == {f"P{number}" for number in range(1, 13)}


def test_the_ranks_are_those_the_gate_keeps() -> None:
    kept = [
        contract["layers"]
        for contract in PROJECT["tool"]["importlinter"]["contracts"]
        if contract["type"] == "layers"
    ]
    block = read("ARCHITECTURE.md").split("## Ranks")[1].split("```")[1]
    told = [re.split(r"\s{2,}", line)[0] for line in block.strip().splitlines()]
    assert told == [layer for layer in kept[0] if layer != "(__main__)"]


def test_each_dependency_has_its_row() -> None:
    wanted = {re.split(r"[<>=\[;]", entry)[0].strip() for entry in PROJECT["project"]["dependencies"]}
    told = {cells[0] for cells in rows("docs/adr/0005-dependencies.md", 4)} - {"dependency", "---"}
    assert told == wanted | {"playwright"}  # of development: `bench pages` alone loads it


def test_a_dependency_is_imported_behind_its_door_only() -> None:
    doors = {
        name: tuple(f"bubuh.{door}" for door in re.findall(r"`(\w+)`", cells[2]))
        for cells in rows("docs/adr/0005-dependencies.md", 4)
        for name in re.findall(r"`(\w+)`", cells[1])
    }
    own = {"bubuh", "__future__", *sys.stdlib_module_names}
    strays = [
        f"{module} imports {name}"
        for module, name in imports()
        if name not in own and not any(opens(door, module) for door in doors.get(name, ()))
    ]
    assert strays == []


def opens(door: str, module: str) -> bool:
    return door in {"bubuh.any", module} or module.startswith((f"{door}.", "bubuh.bench."))


def imports() -> Iterator[tuple[str, str]]:
    """Each (our module, the top name it imports)."""
    for path in sorted((ROOT / "src").rglob("*.py")):
        parts = path.relative_to(ROOT / "src").with_suffix("").parts
        module = ".".join(part for part in parts if part != "__init__")
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Import):
                yield from ((module, alias.name.split(".")[0]) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield module, node.module.split(".")[0]


def test_each_invariant_has_its_row_and_each_row_its_statements() -> None:
    told = {
        cells[0].strip("`"): re.findall(r"`(\w+)`", cells[2])
        for cells in rows("docs/reference/invariants.md", 3)
        if cells[0].startswith("`")
    }
    statements = re.findall(r"^-- name: (\w+)", read("src/bubuh/quota/invariants.sql"), re.MULTILINE)
    assert list(told) == list(Invariant)
    assert [name for names in told.values() for name in names] == statements


def test_the_readme_names_every_command() -> None:
    told = {
        " ".join(re.findall(r"(?<= )[a-z]+\b", cells[0].split("-")[0]))
        for cells in rows("README.md", 2)
        if cells[0].startswith("`bubuh ")
    }
    assert told == set(commands(typer.main.get_command(app)))


def test_each_reason_and_flag_of_inspection_has_its_row_in_its_words() -> None:
    told = [(cells[0], *cells[2:]) for cells in rows("docs/reference/intake.md", 4) if "`" in cells[0]]
    said = [(code, words) for table in (DOCUMENT_REASONS, FLAGS) for code, words in table.items()]
    assert sorted(told) == sorted((f"`{code}`", words.id, words.en) for code, words in said)


def commands(command: Any, *names: str) -> Iterator[str]:
    if not hasattr(command, "list_commands"):
        yield " ".join(names)
        return
    context = typer.Context(command)
    for name in command.list_commands(context):
        yield from commands(command.get_command(context, name), *names, name)


def test_the_readme_names_every_call() -> None:
    told = {
        (method, re.sub(r"\{\w+\}", "{}", path))
        for method, path in re.findall(r"`(GET|POST|PATCH) (/[^`]*)`", read("README.md"))
    }
    served = {
        (str(method), re.sub(r"\{[^}]+\}", "{}", path))
        for handler in HANDLERS
        for path in handler.paths
        for method in handler.http_methods
        if path.startswith(("/v1/", "/dev/", "/health/", "/gateway/")) and method in {"GET", "POST", "PATCH"}
    }
    assert told == served


def test_each_setting_has_its_row() -> None:
    told = [cells[0] for cells in rows("docs/reference/settings.md", 3) if cells[0].startswith("`")]
    assert sorted(told) == sorted(f"`{PREFIX}{name.upper()}`" for name in Settings.__struct_fields__)


def test_each_fault_has_its_row_and_each_row_its_test() -> None:
    told = [
        (cells[0], *cells[3].strip("`").split("::"))
        for cells in rows("docs/reference/faults.md", 4)
        if re.fullmatch(r"[A-G]\d+", cells[0])
    ]
    marked = {
        (letter, str(path.relative_to(ROOT)), name)
        for path in (ROOT / "tests/faults").glob("test_*.py")
        for name, letters in faults_of(path)
        for letter in letters
    }
    assert [row[0] for row in told] == sorted(
        {row[0] for row in told}, key=lambda letter: (letter[0], int(letter[1:]))
    )
    assert {row[0] for row in marked} <= {row[0] for row in told}
    for letter, path, name in told:
        if path.startswith("tests/faults/"):
            assert (letter, path, name) in marked
        else:
            assert re.search(rf"^(async )?def {name}\b", read(path), re.MULTILINE), f"{path}::{name}"


def test_each_check_of_the_waiting_room_names_tests_that_are_there() -> None:
    path = "docs/reference/waitingroom-checks.md"
    told = [cells for cells in rows(path, 4) if cells[0].isdigit()]
    assert [int(cells[0]) for cells in told] == list(range(1, 15))
    assert all("::" in cells[3] for cells in told)
    for where, name in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", read(path)):
        assert re.search(rf"^((async )?def )?{name}\b", read(where), re.MULTILINE), f"{where}::{name}"


def faults_of(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Each test of a file, and the faults that it is marked with."""
    for node in ast.walk(ast.parse(read(path))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            marks = "\n".join(ast.unparse(mark) for mark in node.decorator_list)
            yield node.name, re.findall(r"fault\('(\w+)'\)", marks)
