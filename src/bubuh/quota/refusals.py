"""How quota says no."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from bubuh.core.errors import Refusal
from bubuh.core.ids import AccountId, show_account
from bubuh.quota.moves import HoldState

MOST_STAMPS: Final = 1_000_000_000  #: in one request; far from where a 64-bit sum would end


class QuotaExhausted(Refusal):
    """The account has fewer free stamps than the request needs."""

    code = "quota_exhausted"
    transient = True  # the same request may succeed after a top-up

    def __init__(self, *, wanted: int, free: int) -> None:
        super().__init__(wanted=wanted, free=free)


class AccountFrozen(Refusal):
    """The account's books did not agree: nothing is held or sent from it until an operator has looked."""

    code = "account_frozen"
    transient = True

    def __init__(self, *, account_id: AccountId) -> None:
        super().__init__(account=show_account(account_id))


class HoldUnknown(Refusal):
    """The account has no such hold."""

    code = "not_found"

    def __init__(self, *, hold_id: UUID) -> None:
        super().__init__(hold=str(hold_id))


class HoldEnded(Refusal):
    """The hold has ended the other way, for good."""

    code = "hold_ended"

    def __init__(self, *, hold_id: UUID, state: HoldState) -> None:
        """`state` is how it ended."""
        super().__init__(hold=str(hold_id), state=str(state))


class StampsOutOfRange(Refusal):
    """A number of stamps below one, or beyond all reason."""

    code = "stamps_out_of_range"

    def __init__(self, *, stamps: int) -> None:
        super().__init__(pointer="/stamps", stamps=stamps, most=MOST_STAMPS)


class ReceiverUnknown(Refusal):
    """There is no account to transfer to."""

    code = "receiver_unknown"

    def __init__(self) -> None:
        super().__init__(pointer="/receiver")


class TransferUnknown(Refusal):
    """The account sent no such transfer."""

    code = "not_found"

    def __init__(self, *, ref: UUID) -> None:
        super().__init__(transfer=str(ref))


class ChildAccount(Refusal):
    """A child account lives on its parent's stamps: it buys, gets, gives and shares none itself."""

    code = "child_account"

    def __init__(self, *, account_id: AccountId) -> None:
        super().__init__(account=show_account(account_id))


class ShareUnknown(Refusal):
    """The account has no such child."""

    code = "not_found"

    def __init__(self, *, account_id: AccountId) -> None:
        super().__init__(account=show_account(account_id))


class LimitTooLow(Refusal):
    """A limit below what the child holds and has used: that stays counted."""

    code = "limit_too_low"

    def __init__(self, *, limit: int, counted: int) -> None:
        super().__init__(pointer="/limit", limit=limit, counted=counted)


class LimitOutOfRange(Refusal):
    """A limit below none, or beyond all reason."""

    code = "limit_out_of_range"

    def __init__(self, *, limit: int) -> None:
        super().__init__(pointer="/limit", limit=limit, most=MOST_STAMPS)


class NameOutOfRange(Refusal):
    """A child's name that is empty, too long or cannot be printed."""

    code = "name_out_of_range"

    def __init__(self, *, most: int) -> None:
        super().__init__(pointer="/name", most=most)


class SameAccount(Refusal):
    """A transfer goes from one account to another."""

    code = "same_account"


class ReasonMissing(Refusal):
    """An operator's act on somebody's account says why, in 1 to 500 letters."""

    code = "reason_missing"

    def __init__(self, *, most: int) -> None:
        super().__init__(pointer="/reason", most=most)


def check_stamps(stamps: int) -> None:
    """Pass when `stamps` is a number that may be asked for; raises `StampsOutOfRange`."""
    if not 1 <= stamps <= MOST_STAMPS:
        raise StampsOutOfRange(stamps=stamps)
