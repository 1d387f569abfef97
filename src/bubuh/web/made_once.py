"""What takes long to make of the site's own sources: made once, and kept beside Python's bytecode.

It is made and believed as that is: whoever may write there may change the program as well. Where Python keeps
no bytecode, because it may not or shall not, all is made anew at each start.
"""

from __future__ import annotations

import hashlib
import marshal
import os
import sys
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from importlib.util import MAGIC_NUMBER, cache_from_source
from pathlib import Path
from typing import Final, TypeVar

M = TypeVar("M")

_HASH_BYTES: Final = 32


def made_once(name: str, sources: Iterable[bytes], make: Callable[[], M]) -> M:
    """What `make` makes of `sources` (its own source among them), made now or by a process before.

    It is of the kinds that `marshal` writes. `name` is the file's, and nobody else's.
    """
    wanted = _digest(sources)
    place = Path(cache_from_source(__file__)).with_name(f"{name}.{sys.implementation.cache_tag}.kept")
    with suppress(OSError):
        kept = place.read_bytes()
        body = kept[2 * _HASH_BYTES :]
        if kept[: 2 * _HASH_BYTES] == wanted + hashlib.sha256(body).digest():
            known: M = marshal.loads(body)  # noqa: S302 -- our own, and as trusted as the bytecode beside it
            return known
    made = make()
    if not sys.dont_write_bytecode:
        body = marshal.dumps(made)  # type: ignore[arg-type]  # as was promised above
        with suppress(OSError):
            _keep(place, wanted + hashlib.sha256(body).digest() + body)
    return made


def _digest(sources: Iterable[bytes]) -> bytes:
    told = hashlib.sha256(MAGIC_NUMBER)
    for source in sources:
        told.update(len(source).to_bytes(8, "big") + source)
    return told.digest()


def _keep(place: Path, content: bytes) -> None:
    """Whole or not at all; who writes last of several wins, and all write the same."""
    place.parent.mkdir(parents=True, exist_ok=True)
    number, unfinished = tempfile.mkstemp(dir=place.parent, prefix=f"{place.name}.")
    try:
        with os.fdopen(number, "wb") as file:
            file.write(content)
        Path(unfinished).chmod(0o644)
        Path(unfinished).replace(place)
    except OSError:
        Path(unfinished).unlink(missing_ok=True)
        raise
