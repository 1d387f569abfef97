"""What the checker's own rules say no to."""

from __future__ import annotations

from bubuh.core.errors import Refusal


class DigestMalformed(Refusal):
    """A digest is 64 hex digits."""

    code = "digest_malformed"
