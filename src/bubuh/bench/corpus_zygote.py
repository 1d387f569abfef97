"""`python -m bubuh.bench.corpus_zygote`: what an outsider and the lean engine say of a file, in a sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from bubuh.bench.corpus import OUTLINE, Outline
from bubuh.core.privileges import preload
from bubuh.pdf.intake.look import pages_seen
from bubuh.pdf.lean.declined import Declined
from bubuh.pdf.lean.engine import plan_lean
from bubuh.sandbox.calls import PlanArguments
from bubuh.sandbox.child import Job
from bubuh.sandbox.jobs import open_early
from bubuh.sandbox.start import start


def outline(asked: PlanArguments, document: bytes) -> Outline:
    """How many pages a renderer sees, and why the lean engine declines, if it does."""
    declined = None
    try:
        plan_lean(document, asked.intent, asked.chain)
    except Declined as found:
        declined = str(found.why)
    return Outline(pages=pages_seen(document), declined=declined)


_JOBS: Final[Mapping[str, Job]] = MappingProxyType({OUTLINE.job: Job(PlanArguments, outline)})

if __name__ == "__main__":
    preload("bubuh.pdf")
    start(_JOBS, kept=open_early())
