"""What the waiting room says no to."""

from __future__ import annotations

from typing import Final

from bubuh.core.errors import Refusal


class TurnRefused(Refusal):
    """The turn, code or pass is not one of ours, or is not for this lane: nothing else is told."""

    code = "turn_refused"


class TurnForeign(Refusal):
    """The turn belongs to another account."""

    code = "turn_foreign"


class ProofNeeded(Refusal):
    """The turn is a browser's, which has not shown that it is the one: what was taken along is no use."""

    code = "proof_needed"


class TurnOver(Refusal):
    """The turn's number was called, and its window and both late ones are over; a new turn is needed."""

    code = "turn_over"


class TurnUsed(Refusal):
    """Somebody entered with this turn already."""

    code = "turn_used"


class LaneUnknown(Refusal):
    """There is no such lane, or nobody joins it by themselves."""

    code = "lane_unknown"


class TurnTooNew(Refusal):
    """The turn was given within this minute: what became of it is not written down yet."""

    code = "turn_too_new"
    transient = True


class LaneReserved(Refusal):
    """Only those may join this lane whom the site lets: its own page asks them who they are."""

    code = "lane_reserved"


class LanesSpent(Refusal):
    """So many reserved lanes are open, or were ever opened, that none is left."""

    code = "lanes_spent"


class NotYet(Refusal):
    """Not called yet, or called while all places are taken for the moment: the turn stays good."""

    code = "not_yet"
    transient = True

    def __init__(self, *, ahead: int, retry_after_s: int) -> None:
        """`ahead`: numbers before this one; 0 when it has been called."""
        super().__init__(ahead=ahead, retry_after_s=retry_after_s)
        self.retry_after_s = retry_after_s


class NotDrawn(Refusal):
    """The turn takes part in a draw whose order nobody knows yet: it stays good."""

    code = "not_drawn"
    transient = True


class PassNeeded(Refusal):
    """The room is open: what was asked for needs a pass, and there is none that is still good.

    A program is told where to `join`, in which `header` a pass is sent, and when to ask again.
    """

    code = "pass_needed"
    transient = True


class RepairFull(Refusal):
    """As many came back to an order or a stamp under way as the repair lane lets in just now."""

    code = "repair_full"
    transient = True

    def __init__(self, *, retry_after_s: int) -> None:
        super().__init__(retry_after_s=retry_after_s)
        self.retry_after_s = retry_after_s


#: why a turn that was shown to the gate leads in no further: what the gate says, and the site shows beside it
OF_A_TURN: Final = (TurnRefused, TurnForeign, TurnOver, TurnUsed, LaneUnknown, NotYet, NotDrawn, ProofNeeded)


class NowTooLong(Refusal):
    """`now.json`, which everybody who waits fetches again and again, could come to more than it may."""

    code = "now_too_long"

    def __init__(self, *, size_bytes: int, most_bytes: int) -> None:
        """`size_bytes` it could come to, `most_bytes` it may."""
        super().__init__(size_bytes=size_bytes, most_bytes=most_bytes)
