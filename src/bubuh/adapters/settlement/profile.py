"""Forms of settlement files, a TOML file each; ours lie beside this module, an operator's where he says."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from bubuh.settings import BadSetting

_NO_DELIMITERS: Final = frozenset('"\r\n\0 ')


class Columns(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Names of columns; those a form does not need are left out."""

    amount: str
    paid_at: str
    reference: str | None = None
    net: str | None = None
    payout: str | None = None
    status: str | None = None
    kind: str | None = None
    words: str | None = None
    number: str | None = None
    debit: str | None = None  #: of a bank with two columns: what left; `amount` is then what came
    currency: str | None = None  #: where a file has it, all its lines have to be of rupiah

    def all(self) -> set[str]:
        """Every column a file of this form has, whether or not it tells a currency."""
        told = msgspec.structs.asdict(self)
        return {name for what, name in told.items() if name is not None and what != "currency"}


class FileProfile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One form of file."""

    form: Literal["csv", "mt940"]
    side: Literal["gateway", "bank"]
    name: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]{1,31}$")]  #: of the gateway or bank
    columns: Columns | None = None  #: of CSV
    delimiter: Annotated[str, msgspec.Meta(min_length=1, max_length=1)] = ","
    decimal: Literal[".", ","] = "."  #: the other one parts thousands
    date_format: str = "iso"  #: as strptime has it; without a zone it is the time of Jakarta
    encoding: str = "utf-8-sig"
    paid: list[str] = []  #: words of `status` for money in; empty: every line
    returned: list[str] = []  #: words of `status` for money given back
    voided: list[str] = []  #: words of `status` for payments that were undone before they were settled
    paid_kinds: list[str] = []  #: words of `kind` for payments; empty: every line
    returned_kinds: list[str] = []  #: words of `kind` for money given back, whatever its status
    own: list[str] = []  #: of a bank: words of lines that are the account's own business, in lower case

    def __post_init__(self) -> None:
        """Raises ValueError where it does not fit together."""
        if (self.form == "csv") != (self.columns is not None):
            raise ValueError("a CSV file has columns, and no other")
        if self.columns is not None and self.side == "gateway" and self.columns.reference is None:
            raise ValueError("a gateway's file needs the column of our reference")
        try:
            "".encode(self.encoding)
        except LookupError as error:
            raise ValueError(f"no encoding is called {self.encoding!r}") from error
        if self.delimiter in _NO_DELIMITERS:
            raise ValueError("what parts fields is no quote and ends no line")


class BadFileProfile(BadSetting):
    """A profile cannot be used; the message names the file and says why."""


def read_profiles(folder: Path | None = None) -> list[FileProfile]:
    """An operator's profiles in `folder` first, then ours; raises `BadFileProfile`."""
    ours = resources.files("bubuh.adapters.settlement").joinpath("profiles")
    own = [] if folder is None else sorted(folder.glob("*.toml"))
    texts = [(str(path), path.read_text(encoding="utf-8")) for path in own]
    texts += [
        (one.name, one.read_text(encoding="utf-8"))
        for one in sorted(ours.iterdir(), key=lambda one: one.name)
    ]
    return [_read(name, text) for name, text in texts]


def _read(name: str, text: str) -> FileProfile:
    try:
        return msgspec.convert(tomllib.loads(text), FileProfile)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, ValueError) as error:
        raise BadFileProfile(f"{name}: {error}") from error
