"""A kept plan outlives the release that made it."""

from __future__ import annotations

import hashlib
from uuid import UUID

from bubuh.documents.ground import Ground
from bubuh.documents.keys import DocumentKey
from bubuh.pdf.model import Increment, Tier
from bubuh.stamping.plans import open_plan, seal_plan

KEY = DocumentKey(bytes(range(32)))
STAMP = UUID(int=7)
BASE = b"%PDF-1.7 base"
PLANNED = Increment(
    pre=b"before",
    room_bytes=64,
    post=b"after",
    digest=hashlib.sha256(BASE + b"beforeafter").digest(),
    tier=Tier.T2,
)
#: What the first release that kept plans wrote for `PLANNED`. It must open for ever.
KEPT = (
    "5739b620851783d6a0ca4f713ec47275c3a9c2afb7237b62f86459c79fa666f4b3224bdddf25151806e23f1d90f26cde"
    "31129e34fff8d88c0d62a1f8a0f1e8ecdafd305f9ab08076a37fd8a05d9d864d41db942106078a15749cb338b587834b"
    "5bf8ec881e491cbe02786df29b14a4b29998"
)


def test_a_plan_comes_out_as_it_went_in() -> None:
    assert open_plan(seal_plan(PLANNED, KEY, STAMP), KEY, STAMP, Ground(data=BASE)) == PLANNED


def test_a_plan_kept_by_the_first_release_opens() -> None:
    assert open_plan(bytes.fromhex(KEPT), KEY, STAMP, Ground(data=BASE)) == PLANNED
