"""What the rules of complaints say no to."""

from __future__ import annotations

from bubuh.core.errors import Refusal


class ComplaintUnknown(Refusal):
    """There is no complaint of this number, or it is another account's: to the asker the same."""

    code = "not_found"


class ComplaintUnexplained(Refusal):
    """A complaint says what is wrong, and an answer says something, in at most `most` letters."""

    code = "complaint_unexplained"

    def __init__(self, *, most: int) -> None:
        super().__init__(pointer="/message", most=most)


class TooManyComplaints(Refusal):
    """The account has `most` open ones."""

    code = "too_many_complaints"
    transient = True  # until one is answered

    def __init__(self, *, most: int) -> None:
        super().__init__(most=most)


class ComplaintAnswered(Refusal):
    """It was answered before, with other words; or its people were forgotten."""

    code = "complaint_answered"
