"""What is said no to when people register, sign in and prove who they are."""

from __future__ import annotations

from bubuh.core.errors import Fault, Refusal


class SignInNeeded(Refusal):
    """Nobody is signed in, in this browser."""

    code = "sign_in_needed"


class ContactUnreadable(Refusal):
    """Neither an Indonesian mobile number nor an e-mail address."""

    code = "contact_unreadable"


class SignInRefused(Refusal):
    """No person has this address and this password: which of the two is wrong is not told."""

    code = "sign_in_refused"


class NameUnfit(Refusal):
    """A person's name is missing, too long, or holds control characters."""

    code = "name_unfit"


class PasswordUnfit(Refusal):
    """A password too short, too long, or one of those that everybody tries first."""

    code = "password_unfit"


class ContactTaken(Refusal):
    """Between code and password somebody else registered the address."""

    code = "contact_taken"


class CodeRefused(Refusal):
    """Not the code that was sent, or the authenticator's of now; or it was tried too often, or is too old."""

    code = "code_refused"

    def __init__(self, *, tries_left: int) -> None:
        """`tries_left`: how often it may be tried still; 0: ask for a new one."""
        super().__init__(tries_left=tries_left)
        self.tries_left = tries_left


class ChallengeUnknown(Refusal):
    """There is no such challenge for this browser, or its time is over."""

    code = "challenge_over"


class PinUnfit(Refusal):
    """A PIN that is not six digits, or one that everybody tries first."""

    code = "pin_unfit"


class PinUnset(Refusal):
    """This person has chosen no PIN yet."""

    code = "pin_unset"


class PinRefused(Refusal):
    """Not this person's PIN."""

    code = "pin_refused"

    def __init__(self, *, tries_left: int) -> None:
        """`tries_left`: how often it may be tried still."""
        super().__init__(tries_left=tries_left)
        self.tries_left = tries_left


class PinLocked(Refusal):
    """The PIN was wrong too often: only a code opens the way to a new one."""

    code = "pin_locked"


class NikUnreadable(Refusal):
    """Not a national identity number: 16 digits with a place and a birth date in them."""

    code = "nik_unreadable"


class AccountNotEmpty(Refusal):
    """An account with stamps on it is not forgotten."""

    code = "account_not_empty"

    def __init__(self, *, stamps: int) -> None:
        super().__init__(stamps=stamps)


class AccountBusy(Refusal):
    """Money, a stamp or a refund of the account is under way: it is forgotten or closed after that."""

    code = "account_busy"


class HasherBusy(Fault):
    """More passwords wait to be hashed than will be soon; nothing was begun."""

    code = "busy"
    retry_after_s = 3
