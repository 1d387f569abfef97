"""A key ring in its file, as a process that runs sees it: keys come and go without a restart."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

import structlog

from bubuh.waitingroom.keyring import KeyRing

log: Final = structlog.get_logger("bubuh.waitingroom")

LOOK_S: Final = 1.0


class RingFile:
    """The ring in `path`, looked at once a second. A file that cannot be used changes nothing."""

    def __init__(self, path: Path) -> None:
        """Raises OSError and ValueError where there is none to begin with."""
        self._path, self._seen, self._looked_s = path, path.stat().st_mtime_ns, time.monotonic()
        self._ring = KeyRing.parse(path.read_text(encoding="ascii"))

    def ring(self) -> KeyRing:
        """The ring as of now, and the key that marks."""
        now_s = time.monotonic()
        if now_s - self._looked_s >= LOOK_S:
            self._looked_s = now_s
            self._look()
        return self._ring

    def _look(self) -> None:
        try:
            changed = self._path.stat().st_mtime_ns
            if changed != self._seen:
                self._ring = KeyRing.parse(self._path.read_text(encoding="ascii"))
                self._seen = changed
        except (OSError, ValueError, AssertionError):
            log.exception("ring_unusable", path=str(self._path), meaning="the keys of before go on")
        self._ring = self._ring.as_of(int(time.time()))
