"""Warn before a face covers something: text, a picture, a stamp that is there, another of the same form."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

from litestar import Request

from bubuh.documents.model import Document
from bubuh.documents.preview import covered
from bubuh.pdf.model import Place
from bubuh.pdf.refusals import DocumentRefused
from bubuh.web.frame import Parts, say
from bubuh.web.stamp.places import overlaps

AnyRequest = Request[Any, Any, Any]


async def warnings(
    request: AnyRequest, services: Parts, document: Document, places: Sequence[Place]
) -> list[str]:
    """What speaks against `places`, in words. It forbids nothing: whether it matters, their owner sees."""
    told = [
        say(request)("Dua meterai bertumpuk di halaman %(page)s. Geser salah satunya.", page=one.page)
        for one, other in combinations(places, 2)
        if overlaps(one, other)
    ]
    try:
        found = await covered(
            document,
            places,
            db=services.db,
            sandbox=services.sandbox,
            objects=services.objects,
            store_key=services.store_key,
        )
    except DocumentRefused:
        return [
            *told,
            say(request)("Halaman tidak dapat digambar di sini. Pastikan meterai tidak menutupi tulisan."),
        ]
    pages = {place.page for place, is_covered in zip(places, found, strict=True) if is_covered}
    return told + [
        say(request)(
            "Meterai menutupi tulisan atau tanda lain di halaman %(page)s. Geser ke tempat yang kosong.",
            page=page,
        )
        for page in sorted(pages)
    ]
