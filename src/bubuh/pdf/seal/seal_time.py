"""The time-stamp in a seal: taken out, and judged by one who believes certain authorities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from bubuh.pdf.general.signatures import Signed, time_stamp_in
from bubuh.pdf.model import Indication, Trust
from bubuh.pdf.seal.time_stamp import Flaw, TokenNotBelieved, check_token

NOT_CHECKED: Final = "time_stamp_not_checked"  #: a finding: there is one, and no authority is believed here

_INVALID: Final = (Indication.FAILED, "SIG_CRYPTO_FAILURE", ("time_stamp_invalid",))
_OF_OTHER_BYTES: Final = (Indication.FAILED, "HASH_FAILURE", ("time_stamp_invalid",))
_FROM_THE_FUTURE: Final = (
    Indication.INDETERMINATE,
    "TIMESTAMP_ORDER_FAILURE",
    ("time_stamp_from_the_future",),
)
_UNTRUSTED: Final = (Indication.INDETERMINATE, "SIG_CONSTRAINTS_FAILURE", ("time_stamp_untrusted",))

Problem = tuple[Indication, str, tuple[str, ...]]

_PROBLEMS: Final[Mapping[Flaw, Problem]] = MappingProxyType(
    {
        Flaw.WRONG_HASH: _OF_OTHER_BYTES,
        Flaw.FROM_THE_FUTURE: _FROM_THE_FUTURE,
        Flaw.WRONG_PURPOSE: _UNTRUSTED,
        Flaw.UNTRUSTED: _UNTRUSTED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealTime:
    """What a seal's time-stamp proves or costs the verdict; neither where nobody is believed about time."""

    at: datetime | None = None  #: the seal existed then
    problem: Problem | None = None


def seal_time(signed: Signed, trust: Trust) -> SealTime | None:
    """What the time-stamp in the seal is worth to one who believes `trust`; None when there is none.

    It must be of this seal and not from the future, whoever made it. Where no authority is believed at all,
    an honest one proves nothing and costs nothing: the seal is judged as if it stood without.
    """
    token = time_stamp_in(signed)
    if token is None:
        return None
    message = signed.embedded.signer_info["signature"].native
    try:
        said = check_token(token, message, roots=trust.timestamp_roots, now=trust.now)
    except TokenNotBelieved as error:
        if error.flaw is Flaw.UNTRUSTED and not trust.timestamp_roots:
            return SealTime()
        return SealTime(problem=_PROBLEMS.get(error.flaw, _INVALID))
    return SealTime(at=said.at)
