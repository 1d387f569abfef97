"""Words that operators say while the database is away: files that wait to be taken into it.

The status process shows them at once, and takes them in, in their order, when the database answers again. A
file is marked with a key that only the service's own user can read, so that nobody declares an outage who can
merely write into a folder that a web server hands out. Whose key the operator showed can be looked up only in
the database; the file has its hash, as the database would.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec
import structlog

from bubuh.db.rights import make_folder, write_whole
from bubuh.outages.model import Function, Outage, Update, Word

_log = structlog.get_logger(__name__)

FOLDER: Final = ".kept"  #: in the status page's; no web server can read it
_WAITS: Final = ".word"
_REFUSED: Final = ".refused"
_DOMAIN: Final = b"bubuh outage word\0"


class Act(StrEnum):
    """What is done by a word."""

    OPEN = "open"
    UPDATE = "update"
    CLOSE = "close"


class Kept(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One word that was kept."""

    act: Act
    outage: UUID
    word: Word
    functions: list[Function] = []  #: of an opening
    began_at: datetime | None = None  #: of an opening; None: when it was said
    ended_at: datetime | None = None  #: of a closing; None: when it was said
    bearer: str | None = None  #: the operator's key, hashed, hexadecimal; None: they showed none

    @property
    def said_at(self) -> datetime:
        """When it was said."""
        assert self.word.said_at is not None, "a kept word has its time"
        return self.word.said_at


class _Marked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    mark: str
    kept: msgspec.Raw


class Shelf:
    """The words that wait in one status folder."""

    def __init__(self, folder: Path, key: bytes) -> None:
        """`folder` is the status page's, `key` what the words are marked with."""
        self._folder, self._key = folder / FOLDER, key

    def keep(self, kept: Kept, *, uid: int | None) -> Path:
        """Keep a word, whole or not at all, for `uid` alone."""
        make_folder(self._folder, 0o700, uid=uid)
        said = msgspec.json.encode(kept)
        told = msgspec.json.encode(_Marked(mark=self._mark(said), kept=msgspec.Raw(said)))
        name = f"{int(kept.said_at.timestamp() * 1e6):020d}-{kept.word.id.hex}{_WAITS}"
        write_whole(self._folder / name, told.decode() + "\n", mode=0o600, uid=uid)
        return self._folder / name

    def words(self) -> list[tuple[Path, Kept]]:
        """All that wait, in the order in which they were said; what bears no mark of ours is put aside."""
        found = []
        for path in sorted(self._folder.glob(f"*{_WAITS}")):
            kept = self._read(path)
            if kept is None:
                self.refuse(path, why="not_ours")
            else:
                found.append((path, kept))
        return found

    def refuse(self, path: Path, *, why: str) -> None:
        """Put a word aside for good, where an operator finds it."""
        _log.error("outage_word_refused", file=path.name, why=why)
        path.replace(path.with_suffix(_REFUSED))

    def _read(self, path: Path) -> Kept | None:
        try:
            marked = msgspec.json.decode(path.read_bytes(), type=_Marked)
            if not hmac.compare_digest(marked.mark, self._mark(bytes(marked.kept))):
                return None
            return msgspec.json.decode(marked.kept, type=Kept)
        except msgspec.DecodeError:
            return None

    def _mark(self, said: bytes) -> str:
        return hmac.digest(self._key, _DOMAIN + said, hashlib.sha256).hex()


def with_kept(outages: Sequence[Outage], kept: Iterable[Kept]) -> list[Outage]:
    """`outages` with what was said of them since, the newest first; what fits none is left out."""
    found = {outage.id: outage for outage in outages}
    for one in kept:
        outage = found.get(one.outage)
        if outage is None and one.act is Act.OPEN:
            began_at = one.began_at or one.said_at
            functions = frozenset(one.functions)
            outage = Outage(id=one.outage, functions=functions, began_at=began_at, ended_at=None, updates=[])
        if outage is not None and not any(update.written_at == one.said_at for update in outage.updates):
            found[one.outage] = _with(outage, one)
    return sorted(found.values(), key=lambda outage: outage.began_at, reverse=True)


def _with(outage: Outage, one: Kept) -> Outage:
    said = Update(no=len(outage.updates) + 1, said=one.word.said, actor="", written_at=one.said_at)
    ended_at = outage.ended_at
    if one.act is Act.CLOSE and ended_at is None:
        ended_at = one.ended_at or one.said_at
    return replace(outage, updates=[*outage.updates, said], ended_at=ended_at)
