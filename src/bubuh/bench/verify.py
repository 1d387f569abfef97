"""What a verdict costs: our judge, the limit below it and the usual library; three files, three keys."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from asn1crypto.x509 import Certificate
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from bubuh.bench.files import FILES
from bubuh.bench.ours import Engine
from bubuh.bench.race import LEAST_ROUNDS, Act, Outcome, race
from bubuh.bench.rows import KEYS, Row, run_facts
from bubuh.bench.stamp import fresh_intents
from bubuh.pdf.judge.verdict import judge
from bubuh.pdf.model import Algorithm, Intent, Trust
from bubuh.pdf.seal.keys import load_key, sign
from bubuh.pdf.seal.pki import PrivateKey, development_pki

Way = Literal["ours", "floor", "pyhanko"]

_ATTRIBUTES_BYTES: Final = 190  #: about as many as a seal signs


@dataclass(frozen=True, slots=True)
class Lane:
    """One thing that is measured."""

    way: Way
    file: str
    key: Algorithm


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A whole run."""

    rows: tuple[Row, ...]
    outcome: Outcome

    def facts(self) -> dict[str, object]:
        """The run for programs, with what it ran on."""
        return run_facts(self.rows, self.outcome)


def measure_verdicts(
    now: datetime,
    *,
    seconds: float,
    least_rounds: int = LEAST_ROUNDS,
    files: Mapping[str, Callable[[], bytes]] = FILES,
    told: Callable[[float], None] = lambda _done: None,
) -> Report:
    """Measure for about `seconds`, after making the keys; `told` hears the share that is done, 0 to 1.

    No document is judged twice: each is stamped, with a serial number of its own, before its turn.
    """
    intents = fresh_intents(now)
    documents = {file: make() for file, make in files.items()}
    supplies: dict[tuple[str, Algorithm], Iterator[bytes]] = {}
    acts: dict[Lane, Act[bytes]] = {}
    for key in KEYS:
        pki = development_pki(now, algorithm=key)
        trust, private_key = Trust(roots=(pki.root_certificate,), now=now), load_key(pki.seal_key)
        ways: dict[Way, Act[bytes]] = {
            "floor": bare(private_key),
            "ours": _ours(trust),
            "pyhanko": usual(pki.root_certificate, now),
        }
        for file, document in documents.items():
            engine = Engine(document=document, key=private_key, chain=pki.chain("bench"))
            supplies[file, key] = _stamped(engine, intents)
            acts |= {Lane(way, file, key): act for way, act in ways.items()}
    sizes = {cell: len(next(supply)) for cell, supply in supplies.items()}
    spreads, outcome = race(
        acts,
        lambda lane: supplies[lane.file, lane.key],
        seconds=seconds,
        least_rounds=least_rounds,
        told=told,
    )
    return Report(
        rows=tuple(
            Row(
                file=file,
                key=key,
                size_bytes=size_bytes,
                ours=spreads[Lane("ours", file, key)],
                floor=spreads[Lane("floor", file, key)],
                pyhanko=spreads[Lane("pyhanko", file, key)],
            )
            for (file, key), size_bytes in sizes.items()
        ),
        outcome=outcome,
    )


def bare(key: PrivateKey) -> Act[bytes]:
    """What hashes a document and verifies one signature with a loaded public key, and does nothing else."""
    message = bytes(_ATTRIBUTES_BYTES)
    signature, public = sign(key, message), key.public_key()
    if isinstance(public, ec.EllipticCurvePublicKey):
        curve_key, ecdsa = public, ec.ECDSA(hashes.SHA256())
        return lambda document: (
            hashlib.sha256(document).digest(),
            curve_key.verify(signature, message, ecdsa),
        )
    rsa_key, pkcs1, sha256 = public, padding.PKCS1v15(), hashes.SHA256()
    return lambda document: (
        hashlib.sha256(document).digest(),
        rsa_key.verify(signature, message, pkcs1, sha256),
    )


def usual(root_certificate: bytes, now: datetime) -> Act[bytes]:
    """The library as its manual shows it: a fresh context, the one signature, all its checks."""
    root = Certificate.load(root_certificate)

    def verify(document: bytes) -> bool:
        context = ValidationContext(trust_roots=[root], moment=now, allow_fetching=False)
        (signature,) = PdfFileReader(io.BytesIO(document)).embedded_regular_signatures
        status = validate_pdf_signature(signature, context)
        assert status.bottom_line, "what is measured is not genuine"
        return True

    return verify


def _ours(trust: Trust) -> Act[bytes]:
    def verify(document: bytes) -> bool:
        judgement = judge(document, trust)
        assert judgement.is_genuine, judgement.reasons
        return True

    return verify


def _stamped(engine: Engine, intents: Iterator[Intent]) -> Iterator[bytes]:
    return (engine.document + engine.stamp(intent) for intent in intents)
