"""What is said when a document ends the process that looks at it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bubuh.core.errors import Refusal
from bubuh.edge.problems.pdf import DOCUMENT_REFUSED
from bubuh.edge.problems.problem import Problem
from bubuh.sandbox import refusals as sandbox

PROBLEMS: Final[Mapping[type[Refusal], Problem]] = {
    sandbox.SandboxDied: DOCUMENT_REFUSED,
}
