"""What the rules of money back say no to."""

from __future__ import annotations

from bubuh.core.errors import Refusal


class RefundUnknown(Refusal):
    """There is no such refund, or it is another account's: to the asker the same."""

    code = "not_found"


class RefundUnexplained(Refusal):
    """Money goes back for a reason, of at most `most` letters."""

    code = "refund_unexplained"

    def __init__(self, *, most: int) -> None:
        super().__init__(pointer="/reason", most=most)


class OrderNotFilled(Refusal):
    """The order gave no stamps. What was paid for it goes back by itself."""

    code = "order_not_filled"


class RefundableMoved(Refusal):
    """Another refund came between: `refundable_idr` is not what the caller believes."""

    code = "refundable_moved"

    def __init__(self, *, refundable_idr: int) -> None:
        super().__init__(pointer="/refundable_idr", refundable_idr=refundable_idr)


class RefundTooLarge(Refusal):
    """More than may still go back at once: money goes back to one payment, up to what is left of it."""

    code = "refund_too_large"

    def __init__(self, *, most_idr: int) -> None:
        super().__init__(pointer="/stamps", most_idr=most_idr)


class SamePerson(Refusal):
    """Above the limit two different people are needed."""

    code = "same_person"


class RefundNotWaiting(Refusal):
    """The refund waits for nobody's consent."""

    code = "refund_not_waiting"


class RefundNotOverdue(Refusal):
    """Nobody's word is needed: its gateway tells the end, or has told it."""

    code = "refund_not_overdue"
