"""Our own engine as it is measured: what becomes of a document between the intent and the bytes to append."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bubuh.pdf.midstate import midstate_of, plan_midstate
from bubuh.pdf.model import Chain, Increment, Intent
from bubuh.pdf.plan import plan
from bubuh.pdf.rehearse import rehearse
from bubuh.pdf.seal import cms
from bubuh.pdf.seal.keys import sign
from bubuh.pdf.seal.pki import PrivateKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """One document, one loaded key and its chain; each intent makes a stamp of its own."""

    document: bytes
    key: PrivateKey
    chain: Chain

    def stamp(self, intent: Intent) -> bytes:
        """Plan, sign, assemble: the bytes to append."""
        return self._sealed(plan(self.document, intent, self.chain))

    def stamp_rehearsed(self, intent: Intent) -> bytes:
        """The same, read back by the second parser before it is signed, as the service does."""
        increment = plan(self.document, intent, self.chain)
        rehearse(self.document, increment, intent)
        return self._sealed(increment)

    def unseen(self) -> Callable[[Intent], bytes]:
        """What stamps the first page of the document by its midstate, which is taken now."""
        midstate = midstate_of(self.document, 1)
        return lambda intent: self._sealed(plan_midstate(midstate, intent, self.chain))

    def _sealed(self, increment: Increment) -> bytes:
        signature = sign(self.key, cms.signed_attributes(increment.digest, self.chain))
        return increment.sealed(cms.signed_data(increment.digest, signature, self.chain))
