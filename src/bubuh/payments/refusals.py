"""What payments say no to, and how gateways fail."""

from __future__ import annotations

from bubuh.core.errors import Fault, Refusal


class GatewayUnknown(Refusal):
    """No gateway of this name is configured."""

    code = "not_found"


class MethodUnknown(Refusal):
    """No gateway of this service collects money by this method."""

    code = "method_unknown"

    def __init__(self, *, method: str) -> None:
        super().__init__(pointer="/method", method=method)


class NoticeForged(Refusal):
    """No key of the gateway signed this notice at about the time it came. It is kept, and never acted on."""

    code = "notice_forged"


class NoticeTooLarge(Refusal):
    """The body is larger than any notice is; nothing is kept of it."""

    code = "notice_too_large"


class LineUnknown(Refusal):
    """There is no such line on the unmatched list."""

    code = "not_found"


class LineResolved(Refusal):
    """The line was resolved before."""

    code = "line_resolved"


class ResolutionUnexplained(Refusal):
    """A line is resolved with a reason, of at most `most` letters."""

    code = "resolution_unexplained"

    def __init__(self, *, most: int) -> None:
        super().__init__(pointer="/reason", most=most)


class GatewayUnavailable(Fault):
    """The gateway does not answer, or not usefully. What it did is not known: ask again by the reference."""

    code = "gateway_unavailable"


class GatewayRefused(GatewayUnavailable):
    """The gateway says no to us: a wrong key, an amount it does not take, a reference used otherwise."""

    code = "gateway_refused"


class GatewayDeclined(GatewayRefused):
    """The gateway understood what is wanted, will never do it, and has done nothing."""

    code = "gateway_declined"


class GatewayResting(GatewayUnavailable):
    """The gateway failed again and again: it is spared for some seconds. It was not called."""

    code = "gateway_resting"


class GatewayBusy(GatewayUnavailable):
    """More calls wait than the gateway takes of us. It was not called."""

    code = "gateway_busy"


class GatewayMisspoke(GatewayUnavailable):
    """The gateway said something that cannot be read, or that contradicts what it was asked."""

    code = "gateway_misspoke"
