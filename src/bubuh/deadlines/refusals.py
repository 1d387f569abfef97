"""How deadlines say no."""

from __future__ import annotations

from bubuh.core.errors import Refusal


class DeadlineUnknown(Refusal):
    """There is no such deadline, or it is closed."""

    code = "deadline_unknown"


class DeadlineTaken(Refusal):
    """A lane or an earlier deadline has this name: turns and proofs bear it for ever."""

    code = "deadline_taken"


class DeadlineWrong(Refusal):
    """Something of a new deadline cannot be: its name, its moment, its list or its salt."""

    code = "deadline_wrong"

    def __init__(self, *, which: str) -> None:
        """`which` is what is wrong."""
        super().__init__(which=which, pointer=f"/{which}")


class ListUnreadable(Refusal):
    """A line of the list is no SHA-256 in hexadecimal."""

    code = "list_unreadable"

    def __init__(self, *, line: int) -> None:
        """`line` counts from 1, without empty and repeated ones."""
        super().__init__(line=line)


class NotEligible(Refusal):
    """The number is not on the agency's list."""

    code = "not_eligible"


class NotDeclared(Refusal):
    """Who wants to stand in this lane says that they are eligible."""

    code = "not_declared"


class EligibilityUsed(Refusal):
    """Another account stands in the lane by this number."""

    code = "eligibility_used"


class OnlyPeople(Refusal):
    """A person declares for themselves; an organisation has no deadline of its own."""

    code = "only_people"
