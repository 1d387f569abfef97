"""What the edge itself says no to, before any rule of the business is asked."""

from __future__ import annotations

from bubuh.core.errors import Refusal


class InvalidRequest(Refusal):
    """A member of the body is missing, unknown, of the wrong type or out of its limits."""

    code = "invalid_request"

    def __init__(self, *, pointer: str | None, expected: str) -> None:
        """`pointer` names the member; `expected` says in English what it should be."""
        super().__init__(pointer=pointer, expected=expected)


class UnreadableRequest(Refusal):
    """The request cannot be decoded at all: broken JSON, a bad header or query parameter."""

    code = "invalid_request"

    def __init__(self, *, expected: str, parameter: str | None = None) -> None:
        """`parameter` names the header or query parameter at fault, None the body."""
        super().__init__(expected=expected, parameter=parameter)


class IdempotencyKeyRequired(Refusal):
    """A call that creates something came without a usable Idempotency-Key."""

    code = "idempotency_key_required"


class RateLimited(Refusal):
    """Too many requests by one key or address."""

    code = "rate_limited"
    transient = True

    def __init__(self, *, retry_after_s: int) -> None:
        """`retry_after_s`: whole seconds after which one more request will pass."""
        super().__init__(retry_after_s=retry_after_s)
        self.retry_after_s = retry_after_s


class BodyTooLarge(Refusal):
    """The body is larger than this call takes."""

    code = "body_too_large"

    def __init__(self, *, limit_bytes: int) -> None:
        """`limit_bytes`: what the call takes."""
        super().__init__(limit_bytes=limit_bytes)


class BodyTooSlow(Refusal):
    """Nothing of the body arrived for too long."""

    code = "body_too_slow"
    transient = True


class ClientGone(Refusal):
    """The client hung up before its body was whole. Nobody reads the answer."""

    code = "client_gone"
    transient = True


class MediaTypeUnsupported(Refusal):
    """The body is of a type that this call does not read."""

    code = "media_type_unsupported"

    def __init__(self, *, expected: str) -> None:
        """`expected`: the media type the call reads."""
        super().__init__(expected=expected)


class RouteUnknown(Refusal):
    """There is nothing at this address."""

    code = "not_found"


class MethodNotAllowed(Refusal):
    """The address exists, but not for this method."""

    code = "method_not_allowed"


class Unacceptable(Refusal):
    """The HTTP layer refused the request for a reason that has no row of its own."""

    code = "bad_request"


class BuyingPaused(Refusal):
    """Buying rests for a while, so that stamps and what is under way go on."""

    code = "buying_paused"
    transient = True

    def __init__(self) -> None:
        super().__init__(retry_after_s=60)


class LeftOff(Refusal):
    """This is left off for a while, so that what is more urgent goes on."""

    code = "left_off"
    transient = True

    def __init__(self, *, level: int) -> None:
        """`level` of the brownout ladder."""
        super().__init__(level=level, retry_after_s=60)


class FormExpired(Refusal):
    """A form was not shown to this browser by us, or before somebody else signed in there."""

    code = "form_expired"


class ForeignOrigin(Refusal):
    """Another site's page sent this."""

    code = "foreign_origin"


class TusVersion(Refusal):
    """An upload in parts speaks no version of tus that we know, or does not say which."""

    code = "tus_version"

    def __init__(self, *, version: str) -> None:
        """`version`: the one that is spoken here."""
        super().__init__(version=version)
