"""What a quota test needs at hand: accounts, the acts on them over the real batch, and what they have."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from uuid import UUID

from bubuh.core.ids import AccountId, child_account_id, fresh_id
from bubuh.core.shards import SHARDS
from bubuh.db.batch import OneByOne
from bubuh.db.pool import Database
from bubuh.identity.model import AccountKind
from bubuh.identity.open_account import open_account
from bubuh.quota import store
from bubuh.quota.allot import allot
from bubuh.quota.capture import capture
from bubuh.quota.freeze import freeze, thaw
from bubuh.quota.hold import hold
from bubuh.quota.invariants import Difference, Invariant
from bubuh.quota.model import Balance, Purpose, Result, Share, Sink, WantedEnd, WantedHold
from bubuh.quota.reconcile import reconcile
from bubuh.quota.release import release
from bubuh.quota.share import change_share, find_share, open_share
from bubuh.quota.show import show_quota
from bubuh.quota.transfer import transfer


@dataclass(frozen=True)
class Desk:
    """Someone with all powers of the quota slice."""

    db: Database

    async def account(self, stamps: int = 0, *, beside: AccountId | None = None) -> AccountId:
        """A new account that has `stamps`, of any shard or of that of another account."""
        account_id = None if beside is None else child_account_id(beside, "uji", "beside")
        async with self.db.transaction() as conn:
            opened = await open_account(conn, kind=AccountKind.PERSON, name="Uji", account_id=account_id)
            if stamps:
                ref = fresh_id(opened.account_id)
                await allot(conn, ref=ref, account_id=opened.account_id, stamps=stamps, actor="local")
        return opened.account_id

    async def child(
        self, parent_id: AccountId, limit: int, key: str = "anak", name: str = "Cabang"
    ) -> AccountId:
        """A child account that may use `limit` of its parent's stamps."""
        child_id = child_account_id(parent_id, "uji", key)
        async with self.db.transaction() as conn:
            await open_share(
                conn, parent_id=parent_id, child_id=child_id, name=name, limit=limit, actor="usr"
            )
        return child_id

    async def change_share(
        self,
        parent_id: AccountId,
        child_id: AccountId,
        *,
        limit: int | None = None,
        closed: bool | None = None,
    ) -> Share:
        async with self.db.transaction() as conn:
            await change_share(
                conn, parent_id=parent_id, child_id=child_id, limit=limit, closed=closed, actor="usr"
            )
            return await find_share(conn, parent_id=parent_id, child_id=child_id)

    async def account_elsewhere(self, account_id: AccountId) -> AccountId:
        """A new account without stamps, of another shard than `account_id`."""
        while (other := await self.account()) % SHARDS == account_id % SHARDS:
            pass
        return other

    async def allot(self, account_id: AccountId, stamps: int, ref: UUID | None = None) -> Result:
        async with self.db.transaction() as conn:
            return await allot(
                conn, ref=ref or fresh_id(account_id), account_id=account_id, stamps=stamps, actor="local"
            )

    async def hold(self, account_id: AccountId, stamps: int = 1, hold_id: UUID | None = None) -> Result:
        batch = OneByOne(self.db, partial(store.hold_n, purpose=Purpose.REFUND))
        hold_id = hold_id or fresh_id(account_id)
        return await hold(
            WantedHold(id=hold_id, account_id=account_id, stamps=stamps, actor="usr"), batch=batch
        )

    async def capture(self, account_id: AccountId, hold_id: UUID, sink: Sink = Sink.PAID_BACK) -> Result:
        batch = OneByOne(self.db, partial(store.capture_n, sink=sink))
        return await capture(WantedEnd(id=hold_id, account_id=account_id, actor="usr"), batch=batch)

    async def release(self, account_id: AccountId, hold_id: UUID) -> Result:
        batch = OneByOne(self.db, store.release_n)
        return await release(WantedEnd(id=hold_id, account_id=account_id, actor="usr"), batch=batch)

    async def transfer(
        self, giver: AccountId, receiver: AccountId, stamps: int, ref: UUID | None = None
    ) -> Result:
        async with self.db.transaction() as conn:
            return await transfer(
                conn,
                ref=ref or fresh_id(giver),
                giver=giver,
                receiver=receiver,
                stamps=stamps,
                actor="usr",
            )

    async def freeze(self, account_id: AccountId, reason: str = "dicurigai") -> bool:
        async with self.db.transaction() as conn:
            return await freeze(conn, account_id=account_id, reason=reason, actor="usr_op")

    async def thaw(self, account_id: AccountId, reason: str = "cocok") -> bool:
        async with self.db.transaction() as conn:
            return await thaw(conn, account_id=account_id, reason=reason, actor="usr_op")

    async def balance(self, account_id: AccountId) -> Balance:
        return await show_quota(self.db, account_id)

    async def assert_balanced(self) -> None:
        """But for the purpose of holds: this desk's are for refunds that nobody asked for."""
        report = await reconcile(self.db)
        assert [each for each in report.differences if not _is_desks_own(each)] == []


def _is_desks_own(difference: Difference) -> bool:
    is_refund = difference.subject.startswith("refund ") and difference.expected == "no hold"
    return difference.invariant is Invariant.HOLD_HAS_PURPOSE and is_refund


def has(free: int = 0, held: int = 0, used: int = 0, in_transit: int = 0, *, frozen: bool = False) -> Balance:
    """A balance, by what it has."""
    return Balance(free=free, held=held, used=used, in_transit=in_transit, frozen=frozen)
