"""What the rules of stamping say no to."""

from __future__ import annotations

from bubuh.core.errors import Fault, Refusal


class StampUnknown(Refusal):
    """There is no such stamp, or it is another account's: to the asker the same."""

    code = "not_found"


class StampNotCancellable(Refusal):
    """Work on the stamp has begun or has ended; only an accepted one can be cancelled."""

    code = "stamp_not_cancellable"


class StampNotReady(Refusal):
    """The stamped document does not exist yet, or never will."""

    code = "stamp_not_ready"
    transient = True


class SerialUnknown(Refusal):
    """No stamp bears this serial number; void, unknown and malformed look equal."""

    code = "not_found"


class SignerUnavailable(Fault):
    """The signer does not answer; what was accepted waits and expires not."""

    code = "signer_unavailable"


class SealKeyMissing(SignerUnavailable):
    """No seal key serves now, or the one that was asked for was never here: an operator must bring one."""

    code = "seal_key_missing"
    retry_after_s = 60


class LeaseLost(Fault):
    """The job is another worker's now, or has ended: this one must let it go, whatever it holds in hand."""

    code = "lease_lost"


class SealedStuck(Fault):
    """A sealed stamp cannot go forward, its document or its plan is lost: it waits, and is never returned."""

    code = "sealed_stuck"
    retry_after_s = 60


class SealedMeanwhile(Fault):
    """An earlier attempt's seal was committed after all: the stamp only goes forward now."""

    code = "sealed_meanwhile"


class EvidenceUnavailable(Fault):
    """The revocation lists for a DSS cannot be read."""

    code = "evidence_unavailable"


class TimeStampFailed(Fault):
    """The time-stamping authority gave no time-stamp to believe; `why` is a code, kept when we give up."""

    code = "time_stamp_failed"

    def __init__(self, why: str, detail: str = "") -> None:
        super().__init__(why, detail)
        self.why = why
