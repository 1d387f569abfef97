"""What differs from bank to bank: keys, addresses, numbers. One TOML file a bank, its keys beside it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from bubuh.payments.bank_calls import BankService
from bubuh.payments.model import Method
from bubuh.settings import BadSetting

Called = BankService | Literal["notices"]
_Path = Annotated[str, msgspec.Meta(pattern="^/[A-Za-z0-9/._-]+$")]


class SnapPaths(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a bank's services are, and where it calls ours. The defaults are the standard's."""

    token: _Path = "/v1.0/access-token/b2b"  # noqa: S105 -- a path
    generate: _Path = "/v1.0/qr/qr-mpm-generate"
    query: _Path = "/v1.0/qr/qr-mpm-query"
    refund: _Path = "/v1.0/qr/qr-mpm-refund"
    cancel: _Path | None = "/v1.0/qr/qr-mpm-cancel"  #: None: this bank cannot
    notices: _Path | None = None  #: the path it signs when it calls us; None: `/gateway/NAME/notices`


class SnapAccounts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Virtual accounts that we number: the bank asks us about them, and pays them, at our address."""

    partner_service_id: Annotated[str, msgspec.Meta(pattern="^[0-9]{1,8}$")]  #: what the numbers begin with
    #: of the rest; the last two name our shard, the others are as good as random
    customer_digits: Annotated[int, msgspec.Meta(ge=12, le=20)] = 18
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=255)] = "METERAI ELEKTRONIK"  #: payers see it
    client_key: str | None = None  #: the X-CLIENT-KEY that the bank calls with; None: the one we call with
    #: the paths the bank signs when it calls us; None: below `/gateway/NAME/v1.0`
    inquiry: _Path | None = None
    payment: _Path | None = None
    status: _Path | None = "/v1.0/transfer-va/status"  #: at the bank; None: it does not tell


class SnapServices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The two digits in the middle of response codes."""

    token: str = "73"  # noqa: S105 -- a number
    generate: str = "47"
    query: str = "51"
    notices: str = "52"
    cancel: str = "77"
    refund: str = "78"
    va_inquiry: str = "24"
    va_payment: str = "25"
    va_status: str = "26"


class SnapProfile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bank, as its TOML file describes it."""

    name: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]{1,31}$")]
    address: Annotated[str, msgspec.Meta(pattern="^https?://[^/]+$")]
    client_key: str  #: X-CLIENT-KEY, as the bank knows us
    partner_id: str  #: X-PARTNER-ID
    channel_id: str  #: CHANNEL-ID
    merchant_id: str
    terminal_id: str | None = None
    our_key: str  #: file: our RSA key, PEM
    bank_keys: list[str] = []  #: files: the bank's RSA keys that are valid now, PEM
    client_secrets: list[str]  #: files: secrets valid now; calls are signed with the first
    notices: Literal["hmac", "rsa"] = "hmac"  #: how the bank signs what it tells us
    clock_skew_s: Annotated[int, msgspec.Meta(ge=1, le=3600)] = 300
    per_s: Annotated[float, msgspec.Meta(gt=0)] = 5.0
    paths: SnapPaths = SnapPaths()
    services: SnapServices = SnapServices()
    accounts: SnapAccounts | None = None  #: None: no virtual accounts

    def __post_init__(self) -> None:
        """Calls of each kind are signed for a path of their own, so that none can be said at another's."""
        paths = [*self.called_paths.values()]
        if len(set(paths)) < len(paths):
            raise ValueError("notices, inquiry and payment have paths of their own")

    @property
    def called_paths(self) -> dict[Called, str]:
        """The paths that the bank signs when it calls us."""
        root, accounts = f"/gateway/{self.name}", self.accounts or SnapAccounts(partner_service_id="0")
        return {
            "notices": self.paths.notices or f"{root}/notices",
            BankService.INQUIRY: accounts.inquiry or f"{root}/v1.0/transfer-va/inquiry",
            BankService.PAYMENT: accounts.payment or f"{root}/v1.0/transfer-va/payment",
        }

    @property
    def signs_by_rsa(self) -> bool:
        """Whether the bank signs anything by RSA: notices, or what it gets its tokens with."""
        return self.notices == "rsa" or self.accounts is not None

    @property
    def methods(self) -> frozenset[Method]:
        """How a buyer can pay at this bank."""
        return frozenset({Method.QRIS} if self.accounts is None else {Method.QRIS, Method.VA})


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapKeys:
    """What a profile's files hold."""

    ours: RSAPrivateKey
    banks: tuple[RSAPublicKey, ...]
    secrets: tuple[str, ...]

    @property
    def our_public(self) -> str:
        """Our RSA key's public half, PEM: what the bank knows us by."""
        pem = self.ours.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return pem.decode("ascii")


class BadProfile(BadSetting):
    """A profile cannot be used; the message names the file and says why."""


def read_profile(path: Path, *, with_bank_keys: bool = True) -> tuple[SnapProfile, SnapKeys]:
    """The profile in `path` and its keys; names of files are relative to it.

    Without `with_bank_keys` the bank's are not asked for: they come from elsewhere.

    Raises:
        BadProfile: it, or a key of it, cannot be used.
    """
    try:
        profile = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), SnapProfile)
        return profile, _keys(profile, path.parent, with_bank_keys=with_bank_keys)
    except OSError as error:  # without the name that was given: it may be the secret itself
        raise BadProfile(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, ValueError, TypeError) as error:
        raise BadProfile(f"{path}: {error}") from error


def _keys(profile: SnapProfile, folder: Path, *, with_bank_keys: bool) -> SnapKeys:
    ours = load_pem_private_key((folder / profile.our_key).read_bytes(), password=None)
    banks = [load_pem_public_key((folder / name).read_bytes()) for name in profile.bank_keys]
    secrets = [(folder / name).read_text(encoding="utf-8").strip() for name in profile.client_secrets]
    if not isinstance(ours, RSAPrivateKey) or not all(isinstance(key, RSAPublicKey) for key in banks):
        raise ValueError("SNAP keys are RSA keys")
    lacks_banks = with_bank_keys and profile.signs_by_rsa and not banks
    if not secrets or not all(secrets) or lacks_banks:
        raise ValueError("a secret for calls, and a key of the bank where it signs with one")
    rsa = tuple(key for key in banks if isinstance(key, RSAPublicKey))
    return SnapKeys(ours=ours, banks=rsa, secrets=tuple(secrets))
