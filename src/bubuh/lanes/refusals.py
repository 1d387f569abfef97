"""How lanes for named accounts say no."""

from __future__ import annotations

from bubuh.core.errors import Refusal


class LaneTaken(Refusal):
    """Another lane or a deadline has this name, or had it: turns and proofs bear it for ever."""

    code = "lane_taken"


class LaneWrong(Refusal):
    """Something of a lane cannot be: its name, its title, or its shares beside those of the others."""

    code = "lane_wrong"

    def __init__(self, *, which: str) -> None:
        """`which` is what is wrong."""
        super().__init__(which=which, pointer=f"/{which}")


class LaneNotOpen(Refusal):
    """No lane for named accounts is open under this name."""

    code = "lane_not_open"


class AccountNotThere(Refusal):
    """No account has this id."""

    code = "account_not_there"

    def __init__(self, *, account: str) -> None:
        """`account`: as ids are shown."""
        super().__init__(account=account)


class NotNamed(Refusal):
    """The lane is for accounts that its operator named, and this one is none of them."""

    code = "not_named"


class TurnUnknown(Refusal):
    """The account has no turn in this lane."""

    code = "not_found"
