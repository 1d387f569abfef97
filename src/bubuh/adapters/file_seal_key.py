"""A seal key in a file: for development. Its reader is the signer's uid alone."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import structlog

from bubuh.pdf.model import Chain
from bubuh.pdf.seal.keys import load_key, sign
from bubuh.pdf.seal.pki import PrivateKey
from bubuh.stamping.refusals import SignerUnavailable

_log = structlog.get_logger(__name__)


class FileSealKey:
    """`stamping.ports.SealKey` over a PEM file, loaded once (loading again costs 60 ms with RSA)."""

    def __init__(self, key: PrivateKey, chain: Chain) -> None:
        """Warns: a key in a file can be copied."""
        self._key = key
        self._chain = chain
        _log.warning("seal_key_in_a_file", key_id=chain.key_id, meaning="for development only")

    @classmethod
    def load(cls, path: Path, chain: Chain) -> Self:
        """The key in the PEM file `path`; raises `SignerUnavailable` when it cannot be read or used."""
        try:
            return cls(load_key(path.read_bytes()), chain)
        except (OSError, ValueError) as error:
            raise SignerUnavailable(f"the seal key cannot be loaded: {type(error).__name__}") from error

    @property
    def chain(self) -> Chain:
        """See `stamping.ports.SealKey.chain`."""
        return self._chain

    def sign(self, message: bytes) -> bytes:
        """See `stamping.ports.SealKey.sign`."""
        return sign(self._key, message)
