from __future__ import annotations

import importlib
import pkgutil
import string
from collections.abc import Iterator

import pytest

import bubuh
from bubuh.core.errors import Refusal
from bubuh.edge.problems import PROBLEMS, SLICES, Problem, problem_of
from bubuh.edge.reasons import DOCUMENT_REASONS, RETURN_REASONS
from bubuh.edge.verdicts import VERDICTS
from bubuh.edge.words import Language, Words
from bubuh.pdf.refusals import DocumentRefused, Reason
from bubuh.sandbox.refusals import SandboxDied
from bubuh.stamping.moves import ReturnReason
from bubuh.verification.model import Word

#: what stands above the edge tells its refusals itself, on a terminal or by a protocol of its own
ABOVE = {"cli", "bench", "drill", "worker", "signer", "gateway_dev", "wiring", "adapters", "__main__"}


def refusals() -> Iterator[type[Refusal]]:
    for module in pkgutil.iter_modules(bubuh.__path__):
        if module.name not in ABOVE:
            import_whole(f"bubuh.{module.name}")
    waiting = [Refusal]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.startswith("bubuh.") and kind.__module__.split(".")[1] not in ABOVE:
            yield kind


def import_whole(name: str) -> None:
    if name.endswith("__main__"):
        return
    module = importlib.import_module(name)
    for found in pkgutil.iter_modules(getattr(module, "__path__", ()), prefix=f"{name}."):
        import_whole(found.name)


def holes(words: Words) -> set[str]:
    formatter = string.Formatter()
    return {name for text in (words.id, words.en) for _, name, _, _ in formatter.parse(text) if name}


def test_every_refusal_has_a_row() -> None:
    without = {kind.__qualname__ for kind in refusals() if kind not in PROBLEMS}
    assert without == set()


def test_each_slices_refusals_stand_in_its_own_file() -> None:
    assert all(kind.__module__.split(".")[1] == name for name, rows in SLICES.items() for kind in rows)


@pytest.mark.parametrize(("kind", "problem"), PROBLEMS.items(), ids=lambda one: getattr(one, "__name__", ""))
def test_words_ask_for_no_fact_that_is_not_shown(kind: type[Refusal], problem: Problem) -> None:
    assert holes(problem.title) == set()
    assert holes(problem.detail) <= set(problem.facts)
    if problem.status == 503:  # not the caller's doing: the service leaves this off, and says for how long
        assert kind.transient
        assert "retry_after_s" in problem.facts
    else:
        assert 400 <= problem.status < 500


def test_one_code_has_one_status() -> None:
    by_code: dict[str, set[int]] = {}
    for kind, problem in PROBLEMS.items():
        by_code.setdefault(kind.code, set()).add(problem.status)
    ambiguous = {code: statuses for code, statuses in by_code.items() if len(statuses) > 1}
    assert ambiguous == {"invalid_request": {400, 422}}  # unreadable, or read and wrong


def test_unknown_and_foreign_things_share_one_row() -> None:
    rows = {id(problem) for kind, problem in PROBLEMS.items() if kind.code == "not_found"}
    assert len(rows) == 1


def test_every_reason_for_a_refused_document_has_words() -> None:
    assert {str(reason) for reason in Reason} <= {str(reason) for reason in DOCUMENT_REASONS}
    assert all(not holes(words) for words in DOCUMENT_REASONS.values())


def test_every_reason_for_returned_quota_has_words() -> None:
    assert {str(reason) for reason in ReturnReason} <= {str(reason) for reason in RETURN_REASONS}
    assert set(DOCUMENT_REASONS) <= set(RETURN_REASONS)


def test_every_verdict_is_explained() -> None:
    assert set(VERDICTS) == set(Word)
    assert all(words.said(language) for words in VERDICTS.values() for language in Language)


def test_a_refusal_without_a_row_of_its_own_is_told_as_its_parent() -> None:
    class Odd(DocumentRefused):
        pass

    assert problem_of(Odd) is PROBLEMS[DocumentRefused]
    assert problem_of(SandboxDied) is PROBLEMS[DocumentRefused]
    del Odd
