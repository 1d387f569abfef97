"""Which seal key new stamps are sealed with, and which chains may still be asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bubuh.pdf.model import Chain
from bubuh.pdf.seal.pki import validity
from bubuh.stamping.refusals import SealKeyMissing


@dataclass(frozen=True, slots=True)
class Keyring:
    """The chains of all seal keys there ever were: old stamps verify, and half-made ones are finished."""

    chains: Mapping[str, Chain]  #: by key id
    retired: frozenset[str] = frozenset()  #: no new stamp is sealed with these

    def chain(self, key_id: str) -> Chain:
        """The chain of a key, retired or not; raises `SealKeyMissing`."""
        if key_id not in self.chains:
            raise SealKeyMissing(f"no chain of key {key_id}")
        return self.chains[key_id]

    def current(self, now: datetime) -> Chain:
        """Of the keys whose certificate is valid at `now` (aware), the one that became valid last.

        Keys therefore overlap: the one before goes on serving what was begun with it.

        Raises:
            SealKeyMissing: none is valid, or all that are have been retired.
        """
        serving = [
            (starts_at, key_id)
            for key_id, chain in self.chains.items()
            for starts_at, ends_at in (validity(chain.seal_certificate),)
            if key_id not in self.retired and starts_at <= now < ends_at
        ]
        if not serving:
            raise SealKeyMissing(f"no seal key serves at {now:%Y-%m-%d %H:%M:%S%z}")
        return self.chains[max(serving)[1]]
