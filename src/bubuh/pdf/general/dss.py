"""B-LT: what a later validation needs, appended to a stamped document as a DSS of its own revision.

Nothing that stands is written again but the catalog: an earlier DSS keeps its streams, and the new one names
them too (ETSI EN 319 142-1, clause 5.4.2.2; ISO 32000-2, 12.8.4.3).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

from asn1crypto import cms
from pyhanko.pdf_utils import generic

from bubuh.pdf.general.appender import Appender
from bubuh.pdf.general.objects import array, dictionary, name, reference, stream, target
from bubuh.pdf.general.reader import entry, open_reader
from bubuh.pdf.general.signatures import signatures
from bubuh.pdf.judge.revisions import breaches
from bubuh.pdf.model import Evidence
from bubuh.pdf.refusals import DocumentRefused, Reason, refusing_damage

MOST_VALUES: Final = 1_000  #: in one array of a DSS
_ARRAYS: Final = ("/Certs", "/CRLs")


@refusing_damage
def append_dss(document: bytes, evidence: Evidence) -> bytes:
    """The bytes to append to the stamped `document`: a DSS with `evidence` beside what an earlier one had.

    Raises:
        DocumentRefused: it cannot be read, its DSS is none, or the result would break our own rules.
    """
    reader = open_reader(document)
    digest = hashlib.sha256(document)
    for value in (*evidence.certificates, *evidence.crls, *evidence.tokens):
        digest.update(value)
    file_id = digest.digest()[:16]
    writer = Appender(reader, file_id=file_id, fallback_id=hashlib.sha256(document).digest()[:16])
    earlier = entry(reader.root, "/DSS", dictionary())
    fresh = dictionary({"/Type": name("/DSS")})
    for key in earlier:
        if key not in ("/Type", *_ARRAYS):
            fresh[name(key)] = earlier.raw_get(key)  # /VRI and /OCSPs stay what they are
    gathered = zip(_ARRAYS, (_certificates(evidence), evidence.crls), strict=True)
    for key, values in gathered:
        if items := _joined(writer, entry(earlier, key, array()), values):
            fresh[name(key)] = array(items)
    writer.root[name("/DSS")] = writer.add_object(fresh)
    writer.mark_update(writer.root_ref)
    appended = writer.increment(len(document))
    _check(document, appended)
    return appended


def _certificates(evidence: Evidence) -> Iterable[bytes]:
    """Those we were given, and those that came with the time-stamps."""
    yield from evidence.certificates
    for token in evidence.tokens:
        signed = cms.ContentInfo.load(token, strict=True)["content"]
        yield from (choice.chosen.dump() for choice in signed["certificates"])


def _joined(
    writer: Appender, earlier: generic.ArrayObject, values: Iterable[bytes]
) -> list[generic.IndirectObject]:
    """References to the streams that an earlier DSS has, and to new ones for what is not among them."""
    if len(earlier) > MOST_VALUES:
        raise DocumentRefused(reason=Reason.TOO_MANY_OBJECTS, most=MOST_VALUES)
    raw = [earlier.raw_get(index) for index in range(len(earlier))]
    known = {bytes(target(item).data) for item in raw}
    fresh = [value for value in dict.fromkeys(values) if value not in known]
    return [
        *(reference(item.reference, writer) for item in raw),
        *(writer.add_object(stream({}, value)) for value in fresh),
    ]


def _check(document: bytes, appended: bytes) -> None:
    """Our own checker must let the new revision pass: what it would call a change is not appended."""
    whole = document + appended
    reader = open_reader(whole)
    found = signatures(reader)
    stamps = [signed.revision for signed in found if signed.serial_no is not None]
    if not stamps or breaches(whole, reader, since=max(stamps), signatures=found):
        raise DocumentRefused(reason=Reason.AMBIGUOUS, differs="dss")
