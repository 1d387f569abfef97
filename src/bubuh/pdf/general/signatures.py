"""A document's signatures as pyHanko sees them: no network, event loop, clock or trust of its own."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from asn1crypto import x509
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import (
    DEFAULT_DIFF_POLICY,
    FormUpdatingRule,
    GenericFieldModificationRule,
    SigFieldCreationRule,
    SigFieldModificationRule,
    StandardDiffPolicy,
)
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.pdf_embedded import (
    EmbeddedPdfSignature,
    async_validate_pdf_signature,
    async_validate_pdf_timestamp,
)
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko.sign.validation.status import (
    DocumentTimestampStatus,
    ModificationInfo,
    PdfSignatureStatus,
    SignatureCoverageLevel,
)
from pyhanko_certvalidator import ValidationContext

from bubuh.pdf.general.reader import Field, entry, fields
from bubuh.pdf.model import FIELD_PREFIX, SERIAL, UNSEEN

T = TypeVar("T")

#: id-kp-documentSigning. Source: RFC 9336
_DOCUMENT_SIGNING: Final = "1.3.6.1.5.5.7.3.36"
_SEAL_USAGE: Final = KeyUsageConstraints(key_usage={"non_repudiation"}, extd_key_usage=None)
_ANY_TIME: Final = datetime(2020, 1, 1, tzinfo=UTC)  # nothing is believed then: it decides nothing
#: What may follow anyone's signature: what the library allows, and a visible signature after a certification
#: that allows signing (`permissions`), as a stamp is one.
_CHANGES: Final = StandardDiffPolicy(
    global_rules=DEFAULT_DIFF_POLICY.global_rules,
    form_rule=FormUpdatingRule(
        field_rules=[
            SigFieldCreationRule(allow_new_visible_after_certify=True),  # type: ignore[no-untyped-call]
            SigFieldModificationRule(),
            GenericFieldModificationRule(),
        ]
    ),
)
_ANY_USAGE: Final = KeyUsageConstraints(key_usage=set(), extd_key_usage=None)
#: All that a field needs which shows nothing and does nothing.
_OF_A_MARK: Final = frozenset({"/Type", "/Subtype", "/FT", "/T", "/TU", "/F", "/P", "/Rect", "/AP", "/V"})


class Signed:
    """One filled signature field: what the form says of it and what the library makes of it."""

    def __init__(self, field: Field, embedded: EmbeddedPdfSignature, value: generic.Reference) -> None:
        self.name = field.name
        self.field = field
        self.value = value  #: where the signature dictionary lies
        self.embedded = embedded

    @property
    def revision(self) -> int:
        """The revision that brought the signature, from 0."""
        return int(self.embedded.signed_revision)

    @property
    def is_time_stamp(self) -> bool:
        """Whether it is a document time-stamp rather than somebody's signature."""
        return str(self.embedded.sig_object_type) == "/DocTimeStamp"

    @property
    def is_mere_mark(self) -> bool:
        """Whether its field takes no room on a page and can do nothing: no action, no kids, no content."""
        field = self.field.dictionary
        if isinstance(field, generic.StreamObject) or not _OF_A_MARK.issuperset(field):
            return False
        rect = entry(field, "/Rect", (0, 0, 0, 0))
        return float(rect[0]) == float(rect[2]) or float(rect[1]) == float(rect[3])

    @property
    def serial_no(self) -> str | None:
        """The serial number that a stamp claims by its field's name; None when it claims to be no stamp."""
        return serial_in(self.name)

    @property
    def is_content_unseen(self) -> bool:
        """Whether a stamp says of itself that it was planned without its document."""
        return str(entry(self.embedded.sig_object, "/Reason", "")).endswith(UNSEEN)


def vouched_since(stamps: Sequence[Signed]) -> int:
    """The revision after which every change must be one that our rules allow: there is a first stamp.

    It is that of the first stamp, which the engine planned upon the whole document; where the engine did not
    see the document, the one before, so that what the stamp itself changed is held to the rules too.
    """
    first = stamps[0]
    return max(first.revision - first.is_content_unseen, 0)


def serial_in(field_name: str) -> str | None:
    """The serial number in a stamp's field name; None when it is no stamp's."""
    serial_no = field_name.removeprefix(FIELD_PREFIX)
    return serial_no if serial_no != field_name and SERIAL.fullmatch(serial_no) else None


def signatures(reader: PdfFileReader) -> list[Signed]:
    """Every filled signature field, in the order of their revisions; one that cannot be read is an error."""
    found = [_signed(reader, field) for field in fields(reader) if field.is_signed]
    return sorted(found, key=lambda signed: signed.revision)


def context(roots: Sequence[bytes], now: datetime) -> ValidationContext:
    """What is believed, and when: `roots` (DER) and nothing else, without asking anyone."""
    return ValidationContext(
        trust_roots=[x509.Certificate.load(root) for root in roots],
        moment=now,
        allow_fetching=False,
        revocation_mode="soft-fail",
    )


def seal_status(signed: Signed, believed: ValidationContext) -> PdfSignatureStatus:
    """The library's word on a stamp, but for what came after it: `revisions` is stricter about that.

    (And linear: the library's own comparison of revisions takes exponential time on some files.)
    """
    said = async_validate_pdf_signature(
        signed.embedded, believed, key_usage_settings=_SEAL_USAGE, skip_diff=True
    )
    return replace(drive(said), timestamp_validity=None)  # `seal_time` has whom to believe about that


def may_seal(signed: Signed) -> bool:
    """Whether the certificate's stated purposes, if it states any, include signing documents.

    The service's statement certificate, under the same root, has another purpose: it makes no stamps. (The
    library forgets that a certificate need not state any.)
    """
    stated = signed.embedded.signer_cert.extended_key_usage_value
    return stated is None or _DOCUMENT_SIGNING in {purpose.dotted for purpose in stated}


def time_stamp_status(signed: Signed, believed: ValidationContext) -> DocumentTimestampStatus:
    """The library's word on a document time-stamp."""
    return drive(async_validate_pdf_timestamp(signed.embedded, believed))


def is_whole(signed: Signed) -> bool:
    """Whether anyone's signature fits the bytes it covers and what came after; trust is not asked."""
    believed = context((), _ANY_TIME)
    status: Any
    try:
        if signed.is_time_stamp:
            status = time_stamp_status(signed, believed)
        else:
            status = drive(
                async_validate_pdf_signature(
                    signed.embedded, believed, key_usage_settings=_ANY_USAGE, diff_policy=_CHANGES
                )
            )
    except SignatureValidationError:
        return False
    return bool(status.intact and status.valid) and _is_undisturbed(status)


def time_stamp_in(signed: Signed) -> bytes | None:
    """The first time-stamp (DER) among the seal's unsigned attributes, not judged; None without one."""
    for attribute in signed.embedded.signer_info["unsigned_attrs"]:
        if attribute["type"].native == "signature_time_stamp_token":
            return bytes(attribute["values"][0].dump())
    return None


def _is_undisturbed(status: ModificationInfo) -> bool:
    """Whether a whole revision is covered and the library finds nothing forbidden after it."""
    covered = status.coverage is not None and status.coverage >= SignatureCoverageLevel.ENTIRE_REVISION
    return covered and status.modification_level is not None and status.docmdp_ok is not False


def drive(act: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that never waits.

    Nothing is fetched, so nothing is waited for; an event loop would open sockets, which the sandbox forbids.
    """
    try:
        act.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    act.close()
    raise RuntimeError("the validator wanted to wait for something")


def _signed(reader: PdfFileReader, field: Field) -> Signed:
    value = field.dictionary.raw_get("/V")
    if not isinstance(value, generic.IndirectObject):
        raise ValueError("a signature that is not an object of its own")  # noqa: TRY004 - hostile data
    return Signed(field, EmbeddedPdfSignature(reader, field.dictionary, field.name), value.reference)
