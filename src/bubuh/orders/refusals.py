"""What the rules of buying say no to."""

from __future__ import annotations

from bubuh.core.errors import Refusal


class StampsOutOfRange(Refusal):
    """An order is for at least one stamp and at most `most`."""

    code = "stamps_out_of_range"

    def __init__(self, *, stamps: int, most: int) -> None:
        super().__init__(pointer="/stamps", stamps=stamps, least=1, most=most)


class OneOrder(Refusal):
    """While people queue an account has one unpaid order at most, and another is open."""

    code = "one_order"
    transient = True


class OrderUnknown(Refusal):
    """There is no such order, or it is another account's: to the asker the same."""

    code = "not_found"


class NoQrisCode(Refusal):
    """The order is not paid by QRIS, or its gateway has not told the code yet."""

    code = "no_qris_code"
