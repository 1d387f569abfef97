"""What an increment is put upon: a document's bytes, or what stands for one that stayed at home."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from bubuh.pdf.midstate import decoded
from bubuh.pdf.seal.sha256 import digest_after


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Size and hash of what comes before an increment; whoever asks need not know which kind it is."""

    data: bytes = field(repr=False)  #: the whole document, or its midstate, encoded
    content_unseen: bool = False

    @property
    def size_bytes(self) -> int:
        """Of the document."""
        return decoded(self.data).hashed.length if self.content_unseen else len(self.data)

    def sha256(self, *parts: bytes) -> bytes:
        """SHA-256 of the document followed by `parts`; raises `MidstateUnavailable`."""
        if self.content_unseen:
            return digest_after(decoded(self.data).hashed, *parts)
        digest = hashlib.sha256(self.data)
        for part in parts:
            digest.update(part)
        return digest.digest()
