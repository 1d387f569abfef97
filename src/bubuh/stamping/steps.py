"""The saga's committed steps as batches: what many hands do at once is a statement a shard, few commits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from bubuh.db.batch import Batch
from bubuh.db.pool import Database
from bubuh.db.self_clocked import SelfClocked
from bubuh.stamping import store
from bubuh.stamping.model import Job, Lease


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """One batch a step; each is idempotent, so that a batch whose outcome is unknown is submitted again."""

    find: Batch[Lease, Job | None]
    intend: Batch[store.NewIntent, bool]
    write_plan: Batch[store.NewPlan, bool]
    affix: Batch[store.Finished, str]
    give_back: Batch[store.WantedReturn, str]

    @classmethod
    def self_clocked(cls, db: Database) -> Self:
        """Batches over `db`, for one event loop."""
        return cls(
            find=SelfClocked.over(db, store.find_job_n, name="find_job", key=lambda lease: lease.stamp_id),
            intend=SelfClocked.over(db, store.intend_n, name="intend", key=lambda new: new.lease.stamp_id),
            write_plan=SelfClocked.over(
                db, store.write_plan_n, name="write_plan", key=lambda new: new.lease.stamp_id
            ),
            affix=SelfClocked.over(db, store.affix_n, name="affix", key=lambda done: done.lease.stamp_id),
            give_back=SelfClocked.over(db, store.return_n, name="return", key=lambda wanted: wanted.stamp_id),
        )
