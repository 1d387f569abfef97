"""Programs and libraries that others wrote, as judges of what we make."""

from __future__ import annotations

import asyncio
import io
import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from bubuh.pdf.model import Trust


@pytest.fixture(scope="session")
def oracle() -> Callable[[str], str]:
    """The path of a program others wrote; without it a loud skip, or a failure where CI=true."""

    def find(program: str) -> str:
        found = shutil.which(program)
        if found is not None:
            return found
        if os.environ.get("CI") == "true":
            pytest.fail(f"the oracle {program} is missing")
        pytest.skip(f"THE ORACLE {program} IS MISSING: nothing was compared")

    return find


@pytest.fixture
def qpdf_complaints(oracle: Callable[[str], str], tmp_path: Path) -> Callable[[bytes], str]:
    """What `qpdf --check` has against a document; empty when nothing."""

    def check(document: bytes) -> str:
        path = tmp_path / "checked.pdf"
        path.write_bytes(document)
        done = subprocess.run([oracle("qpdf"), "--check", path], capture_output=True, text=True, check=False)
        return "" if done.returncode == 0 else done.stdout + done.stderr

    return check


@pytest.fixture
def pdfsig_words(oracle: Callable[[str], str], tmp_path: Path) -> Callable[[bytes], list[str]]:
    """What pdfsig says about each signature's validity, in the order of the fields."""

    def check(document: bytes) -> list[str]:
        path = tmp_path / "sigs.pdf"
        path.write_bytes(document)
        command = [oracle("pdfsig"), "-nocert", str(path)]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env={"HOME": str(tmp_path)}
        )
        lines = (line.strip() for line in done.stdout.splitlines())
        return [line.partition(": ")[2] for line in lines if line.startswith("- Signature Validation: ")]

    return check


@pytest.fixture(scope="session")
def pyhanko_words() -> Callable[[bytes, Trust], dict[str, bool]]:
    """pyHanko's bottom line on each signature, by field name."""
    from asn1crypto import x509
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    def check(document: bytes, trust: Trust) -> dict[str, bool]:
        reader = PdfFileReader(io.BytesIO(document))
        if reader.encrypted:
            reader.decrypt("")
        roots = [x509.Certificate.load(root) for root in trust.roots]
        said = {}
        for signature in reader.embedded_regular_signatures:
            believed = ValidationContext(trust_roots=roots, moment=trust.now)
            said[signature.field_name] = validate_pdf_signature(signature, believed).bottom_line
        return said

    return check


@pytest.fixture(scope="session")
def pyhanko_ades() -> Callable[[bytes, Trust], list[tuple[str, datetime]]]:
    """What pyHanko says of each signature, in their order, by EN 319 102-1, 5.5 (signatures with time): the
    indication, and the time at which the signature is proven to have existed."""
    from asn1crypto import x509
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation.ades import ades_with_time_validation
    from pyhanko.sign.validation.policy_decl import SignatureValidationSpec
    from pyhanko.sign.validation.settings import KeyUsageConstraints
    from pyhanko_certvalidator.context import CertValidationPolicySpec
    from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
    from pyhanko_certvalidator.policy_decl import NO_REVOCATION, CertRevTrustPolicy
    from pyhanko_certvalidator.registry import SimpleTrustManager

    def policy(roots: tuple[bytes, ...]) -> CertValidationPolicySpec:
        trusted = SimpleTrustManager.build(trust_roots=[x509.Certificate.load(root) for root in roots])
        return CertValidationPolicySpec(
            trust_manager=trusted, revinfo_policy=CertRevTrustPolicy(revocation_checking_policy=NO_REVOCATION)
        )

    def check(document: bytes, trust: Trust) -> list[tuple[str, datetime]]:
        reader = PdfFileReader(io.BytesIO(document))
        if reader.encrypted:
            reader.decrypt("")
        spec = SignatureValidationSpec(
            cert_validation_policy=policy(trust.roots),
            ts_cert_validation_policy=policy(trust.timestamp_roots),
            key_usage_settings=KeyUsageConstraints(key_usage={"non_repudiation"}),
        )
        said = []
        for signature in reader.embedded_regular_signatures:
            at = ValidationTimingInfo(
                validation_time=trust.now, best_signature_time=trust.now, point_in_time_validation=True
            )
            found = asyncio.run(
                ades_with_time_validation(
                    signature.signed_data, spec, timing_info=at, raw_digest=signature.compute_digest()
                )
            )
            said.append((found.ades_subindic.status.name, found.best_signature_time))
        return said

    return check
