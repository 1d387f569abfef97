"""What is said no to when people act for an organisation together."""

from __future__ import annotations

from bubuh.core.errors import Refusal


class NotAnAdministrator(Refusal):
    """Only an administrator says who is in an organisation."""

    code = "not_an_administrator"


class MemberUnknown(Refusal):
    """The organisation has no such member; one of another organisation looks the same."""

    code = "not_found"


class InvitationUnknown(Refusal):
    """The organisation has no such open invitation; another's looks the same."""

    code = "not_found"


class InvitationRefused(Refusal):
    """No open invitation has this code: wrong, used, withdrawn, tried too often and expired look equal."""

    code = "invitation_refused"


class AlreadyMember(Refusal):
    """Who was invited is in the organisation already; the code stays good for somebody else."""

    code = "already_member"


class LastAdministrator(Refusal):
    """Without this one nobody could say who is in the organisation."""

    code = "last_administrator"


class OwnerPresent(Refusal):
    """An administrator of it signs in: who else is in it is theirs to say, not an operator's."""

    code = "organisation_has_owner"


class MembersRemain(Refusal):
    """An organisation that others are in is not closed."""

    code = "members_remain"


class OrganisationFull(Refusal):
    """More members and open invitations than an organisation has."""

    code = "organisation_full"

    def __init__(self, *, most: int) -> None:
        super().__init__(most=most)


class AccountsFull(Refusal):
    """More accounts than one person is in."""

    code = "accounts_full"

    def __init__(self, *, most: int) -> None:
        super().__init__(most=most)
