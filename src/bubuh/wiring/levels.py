"""What levels beyond B-B are settled with: an authority of time when one is set, and evidence for a DSS."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from bubuh.pdf.model import Evidence
from bubuh.pdf.seal.pki import crls_from_pem, from_pem
from bubuh.settings import Settings
from bubuh.stamping.affix import Workshop
from bubuh.stamping.refusals import EvidenceUnavailable
from bubuh.stamping.settle import Witness
from bubuh.wiring.folder import DataFolder

#: Loaded only where it is set: it brings the PDF library's validator along.
AUTHORITY: Final = "bubuh.adapters.rfc3161_authority"
MOST_CRL_BYTES: Final = 2**20  #: of all revocation lists together


def read_timestamp_roots(settings: Settings) -> tuple[bytes, ...]:
    """The roots (DER) of authorities of time that are believed; none when none is set."""
    return () if settings.tsa_root is None else from_pem(settings.tsa_root.read_bytes())


@asynccontextmanager
async def open_witness(settings: Settings, folder: DataFolder, shop: Workshop) -> AsyncIterator[Witness]:
    """What the worker settles levels with; without an authority it gives up what older settings wanted."""
    roots = read_timestamp_roots(settings)
    authority: Any = None
    if settings.tsa_url is not None:
        authority = import_module(AUTHORITY).Rfc3161Authority(settings.tsa_url, roots)
    try:
        yield Witness(
            db=shop.db,
            sandbox=shop.sandbox,
            objects=shop.objects,
            store_key=shop.store_key,
            authority=authority,
            evidence=_evidence_of(settings, folder, shop, roots),
            wait_s=float(settings.level_wait),
        )
    finally:
        if authority is not None:
            await authority.close()


def _evidence_of(
    settings: Settings, folder: DataFolder, shop: Workshop, timestamp_roots: tuple[bytes, ...]
) -> Callable[[str], Evidence]:
    """Certificates from the seal's up to the roots; revocation lists as they are when they are asked for."""
    roots = from_pem(folder.root_certificate.read_bytes())

    def evidence(key_id: str) -> Evidence:
        chain = shop.keyring().chain(key_id)
        certificates = (chain.seal_certificate, chain.issuing_certificate, *roots, *timestamp_roots)
        crls = () if settings.crls is None else read_crls(settings.crls)
        return Evidence(certificates=certificates, crls=crls)

    return evidence


def read_crls(path: Path) -> tuple[bytes, ...]:
    """The revocation lists (DER) in the PEM file `path`; raises `EvidenceUnavailable`."""
    try:
        lists = crls_from_pem(path.read_bytes())
    except (OSError, ValueError) as error:
        raise EvidenceUnavailable(f"{path.name}: {type(error).__name__}") from error
    if sum(map(len, lists)) > MOST_CRL_BYTES:
        raise EvidenceUnavailable(f"{path.name}: more than {MOST_CRL_BYTES} bytes")
    return lists
