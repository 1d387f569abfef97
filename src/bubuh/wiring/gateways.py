"""Which payment gateways this service uses and which methods each serves: `BUBUH_GATEWAYS`, a file of TOML.

    [[gateway]]
    kind = "midtrans"                  # midtrans, xendit, snap or development
    methods = ["va"]                   # qris, va; left out: all it can; none: it only ends what it began
    server_keys = ["midtrans.key"]     # files beside this one, one key each; the first is used for calls

The first that serves a method is asked first. Keys stand in files, never in this one, and no message shows
what a file's name was given as: somebody may have put the key itself there.
"""

from __future__ import annotations

import errno
import re
import tomllib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Final, NoReturn

import msgspec

from bubuh.adapters import midtrans, xendit
from bubuh.adapters.development_gateway import NAME as DEVELOPMENT, DevelopmentGateway
from bubuh.adapters.midtrans import Midtrans, MidtransProfile
from bubuh.adapters.snap.gateway import SnapGateway
from bubuh.adapters.snap.profile import BadProfile, SnapKeys, SnapProfile, read_profile
from bubuh.adapters.xendit import Xendit, XenditProfile
from bubuh.db.rights import Owner, can_read
from bubuh.payments.model import Method
from bubuh.payments.ports import Gateways
from bubuh.payments.steady import Steady
from bubuh.settings import BadSetting, RunFile, Settings
from bubuh.wiring.development_bank import bank_public_key
from bubuh.wiring.folder import DataFolder

_MOST_KEY_BYTES: Final = 4096
_STEP: Final = re.compile(r"\.([^.\[]+)|\[([0-9]+)\]")

_Name = Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]{1,31}$")]
#: `development`: the development gateway of this service, which then speaks this dialect
_Address = Annotated[str, msgspec.Meta(pattern="^(https?://[^/]+|development)$")]
_Keys = Annotated[list[str], msgspec.Meta(min_length=1)]


class BadGateways(BadSetting):
    """`BUBUH_GATEWAYS` cannot be used; `pointer` (RFC 6901) says where in the file."""

    def __init__(self, code: str, *, path: Path, pointer: str, why: str) -> None:
        self.code = code
        self.pointer = pointer
        super().__init__(f"BUBUH_GATEWAYS: {path} at {pointer or 'the top'}: {why}")


class _Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    methods: frozenset[Method] | None = None


class _Development(_Entry, frozen=True, kw_only=True, forbid_unknown_fields=True, tag=DEVELOPMENT):
    """Our own dialect."""


class _Midtrans(_Entry, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="midtrans"):
    name: _Name = "midtrans"
    address: _Address = midtrans.PRODUCTION
    server_keys: _Keys
    bank: str = "bca"
    acquirer: str = "gopay"


class _Xendit(_Entry, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="xendit"):
    name: _Name = "xendit"
    address: _Address = xendit.PRODUCTION
    secret_keys: _Keys
    callback_tokens: _Keys
    callback_secrets: list[str] = []


class _Snap(_Entry, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="snap"):
    profile: str  #: file: the bank's profile, TOML, which names bank, address and keys
    address: _Address | None = None  #: in place of the profile's


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    gateway: Annotated[list[_Development | _Midtrans | _Xendit | _Snap], msgspec.Meta(min_length=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapBank:
    """A bank's profile, and the keys it names."""

    profile: SnapProfile
    keys: SnapKeys = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenGateway:
    """One gateway of the file, its keys read."""

    name: str
    #: None: the development gateway in its own dialect
    profile: MidtransProfile | XenditProfile | SnapBank | None = field(repr=False)
    address: str | None  #: None: where the development gateway of this service listens
    methods: frozenset[Method]

    @property
    def has_bank_of_ours(self) -> bool:
        """Whether the development gateway plays a bank that signs with an RSA key of its own."""
        return (
            self.address is None and isinstance(self.profile, SnapBank) and self.profile.profile.signs_by_rsa
        )

    @property
    def takes_typed_numbers(self) -> bool:
        """Whether a payer types the number of a virtual account at the development gateway."""
        return self.has_bank_of_ours and Method.VA in self.methods


_OWN: Final = ChosenGateway(name=DEVELOPMENT, profile=None, address=None, methods=DevelopmentGateway.methods)


def read_gateways(settings: Settings, *, reader: Owner | None = None) -> Sequence[ChosenGateway]:
    """The gateways that are set, the first asked first; without a file the development gateway.

    `reader` is who must be able to read all of it, when that is not ourselves.

    Raises:
        BadGateways: the file, or one that it names, cannot be used.
    """
    if settings.gateways is None:
        return (_OWN,)
    path = settings.gateways
    chosen: dict[str, ChosenGateway] = {}
    for no, entry in enumerate(_read(path, reader).gateway):
        one = _Reader(path, f"/gateway/{no}", reader).choose(entry)
        if one.name in chosen:
            why = f"{one.name} is here already"
            raise BadGateways("gateway_name_taken", path=path, pointer=f"/gateway/{no}/name", why=why)
        chosen[one.name] = one
    return tuple(chosen.values())


def payer_page(settings: Settings, run: RunFile) -> str | None:
    """Where numbers of virtual accounts are typed in development; None: each order names its own page."""
    is_typed = any(one.takes_typed_numbers for one in read_gateways(settings))
    return f"{_development_address(run)}/accounts" if is_typed else None


@asynccontextmanager
async def open_gateways(settings: Settings, folder: DataFolder, run: RunFile) -> AsyncIterator[Gateways]:
    """The gateways by name, in their order, called at their pace; closed at the end. Raises `BadGateways`."""
    async with AsyncExitStack() as stack:
        opened: dict[str, Steady] = {}
        for chosen in read_gateways(settings):
            gateway = _adapter(chosen, folder, run)
            stack.push_async_callback(gateway.close)
            opened[chosen.name] = Steady(gateway, methods=chosen.methods)
        yield opened


def _adapter(
    chosen: ChosenGateway, folder: DataFolder, run: RunFile
) -> DevelopmentGateway | Midtrans | Xendit | SnapGateway:
    address = chosen.address or _development_address(run)
    match chosen.profile:
        case None:
            return DevelopmentGateway(address, [folder.read_secret("gateway.secret")])
        case MidtransProfile() as profile:
            return Midtrans(profile, address)
        case XenditProfile() as profile:
            return Xendit(profile, address)
        case SnapBank(profile=profile, keys=keys):
            if chosen.has_bank_of_ours:
                keys = replace(keys, banks=(bank_public_key(folder),))
            return SnapGateway(profile, keys, address=address)


def _development_address(run: RunFile) -> str:
    assert run.gateway is not None, "run.json names the development gateway"
    return run.gateway


def _read(path: Path, reader: Owner | None) -> _File:
    try:
        _check_reader(path, reader)
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _File)
    except OSError as error:
        raise BadGateways("gateways_unreadable", path=path, pointer="", why=_plainly(error)) from error
    except msgspec.ValidationError as error:
        why, _, where = str(error).partition(" - at `$")
        raise BadGateways("gateways_malformed", path=path, pointer=_pointer(where), why=why) from error
    except ValueError as error:  # no TOML, or no UTF-8
        raise BadGateways("gateways_malformed", path=path, pointer="", why=str(error)) from error


def _pointer(where: str) -> str:
    """`.gateway[0].methods` as `/gateway/0/methods`."""
    return "".join(f"/{name or no}" for name, no in _STEP.findall(where.rstrip("`")))


def _check_reader(file: Path, reader: Owner | None) -> None:
    """Raises PermissionError where `reader` would meet one."""
    if reader is not None and not can_read(file, reader):
        raise PermissionError(errno.EACCES, f"user {reader.uid} may not read it")


def _plainly(error: OSError) -> str:
    """Without the name that was given."""
    return error.strerror or type(error).__name__


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads what one entry of the file names."""

    path: Path
    at: str
    reader: Owner | None

    def choose(self, entry: _Development | _Midtrans | _Xendit | _Snap) -> ChosenGateway:
        """The entry with its keys; raises `BadGateways`."""
        match entry:
            case _Development():
                return self._chosen(entry, DEVELOPMENT, None, "development", DevelopmentGateway.methods)
            case _Midtrans():
                profile = MidtransProfile(
                    name=entry.name,
                    server_keys=self._keys("server_keys", entry.server_keys),
                    bank=entry.bank,
                    acquirer=entry.acquirer,
                )
                return self._chosen(entry, entry.name, profile, entry.address, Midtrans.methods)
            case _Xendit():
                return self._chosen(entry, entry.name, self._xendit(entry), entry.address, Xendit.methods)
            case _Snap():
                bank = self._bank(entry.profile, is_ours=entry.address == "development")
                address = entry.address or bank.profile.address
                return self._chosen(entry, bank.profile.name, bank, address, bank.profile.methods)

    def _xendit(self, entry: _Xendit) -> XenditProfile:
        return XenditProfile(
            name=entry.name,
            secret_keys=self._keys("secret_keys", entry.secret_keys),
            callback_tokens=self._keys("callback_tokens", entry.callback_tokens),
            callback_secrets=self._keys("callback_secrets", entry.callback_secrets),
        )

    def _chosen(
        self,
        entry: _Entry,
        name: str,
        profile: MidtransProfile | XenditProfile | SnapBank | None,
        address: str,
        can: frozenset[Method],
    ) -> ChosenGateway:
        methods = can if entry.methods is None else entry.methods
        if beyond := methods - can:
            self._refuse("gateway_method_unserved", "methods", f"it cannot: {', '.join(sorted(beyond))}")
        is_ours = address == "development"
        if is_ours and profile is not None and name != _DIALECTS[type(profile)]:
            self._refuse("gateway_name_fixed", "name", f"in development it is {_DIALECTS[type(profile)]}")
        return ChosenGateway(
            name=name, profile=profile, address=None if is_ours else address, methods=methods
        )

    def _bank(self, name: str, *, is_ours: bool) -> SnapBank:
        """A bank whose part the development gateway plays signs with a key of its own making."""
        profile_path = self.path.parent / name
        try:
            profile, keys = read_profile(profile_path, with_bank_keys=not is_ours)
            for file in (profile_path.name, profile.our_key, *profile.bank_keys, *profile.client_secrets):
                _check_reader(profile_path.parent / file, self.reader)
        except OSError as error:
            self._refuse("gateway_profile_unusable", "profile", f"it or a key of it: {_plainly(error)}")
        except BadProfile as error:
            raise BadGateways(
                "gateway_profile_unusable", path=self.path, pointer=f"{self.at}/profile", why=str(error)
            ) from error
        return SnapBank(profile=profile, keys=keys)

    def _keys(self, what: str, names: Sequence[str]) -> tuple[str, ...]:
        return tuple(self._key(f"{what}/{no}", name) for no, name in enumerate(names))

    def _key(self, where: str, name: str) -> str:
        """The one line in a file, its blanks at both ends taken off."""
        try:
            _check_reader(self.path.parent / name, self.reader)
            with (self.path.parent / name).open("rb") as file:
                key = file.read(_MOST_KEY_BYTES + 1).decode("ascii").strip()
        except OSError as error:
            self._refuse("gateway_key_unreadable", where, f"no file with a key: {_plainly(error)}")
        except UnicodeDecodeError:
            self._refuse("gateway_key_unreadable", where, "a key is ASCII")
        if not key or len(key) > _MOST_KEY_BYTES or not key.isprintable():
            self._refuse("gateway_key_unreadable", where, f"one line of 1 to {_MOST_KEY_BYTES} is expected")
        return key

    def _refuse(self, code: str, where: str, why: str) -> NoReturn:
        raise BadGateways(code, path=self.path, pointer=f"{self.at}/{where}", why=why) from None


#: What notices of each dialect are addressed to, where the development gateway speaks it.
_DIALECTS: Final[Mapping[type, str]] = {
    MidtransProfile: "midtrans",
    XenditProfile: "xendit",
    SnapBank: "snap",
}
