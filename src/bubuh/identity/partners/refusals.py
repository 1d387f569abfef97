"""How the naming of shown partners says no."""

from __future__ import annotations

from bubuh.core.errors import Refusal
from bubuh.core.ids import AccountId, show_account


class PartnerWrong(Refusal):
    """It cannot be shown so: its name does not fit or is another's, or its account is a person's."""

    code = "partner_wrong"

    def __init__(self, *, which: str) -> None:
        """`which` is what is wrong: `name` or `account`."""
        super().__init__(which=which, pointer=f"/{which}")


class PartnersSpent(Refusal):
    """As many partners are shown as may be."""

    code = "partners_spent"

    def __init__(self, *, most: int) -> None:
        """`most` may be."""
        super().__init__(most=most)


class PartnerNotShown(Refusal):
    """Nobody named this account to be shown."""

    code = "partner_not_shown"

    def __init__(self, *, account_id: AccountId) -> None:
        """`account_id` is whose."""
        super().__init__(account=show_account(account_id))
