"""Affix stamps through a service, which is sent each document or, when that stays here, its midstate."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bubuh.cli.affix_outcome import AFFIXED, affixed, failed, refused
from bubuh.cli.client import WAIT_S, Client, ServiceRefused, fresh_key
from bubuh.core.clock import utc_now
from bubuh.core.errors import Fault, Refusal
from bubuh.pdf.model import Place
from bubuh.pdf.seal.sha256 import MidstateUnavailable, is_available
from bubuh.sandbox import Sandbox
from bubuh.settings import Settings


class IncrementDiffers(Fault):
    """What the service answered is not an increment of this document; nothing was written."""

    code = "increment_differs"


class ApiKeyMissing(Refusal):
    """The service takes stamps from a known account alone: set BUBUH_API_KEY."""

    code = "api_key_missing"


def through_service(jobs: list[tuple[Path, Path]], place: Place, url: str) -> Iterator[dict[str, Any]]:
    """Have the service affix a stamp to each document; tells how each ended."""
    with Client(url, key=_api_key()) as client:
        for source, target in jobs:
            try:
                document = client.upload(source)
                stamp = _order_stamp(client, {"document_id": document["id"]}, source, place)
                if stamp["state"] == AFFIXED:
                    target.write_bytes(client.download(f"/v1/stamps/{stamp['id']}/document"))
                    flags = [flag["code"] for flag in document["flags"]]
                    normalised = bool(document["normalised"])
                    yield affixed(source, target, stamp["serial"], flags=flags, normalised=normalised)
                else:
                    yield failed(source, "returned", stamp["reason"])
            except ServiceRefused as refusal:
                yield refused(source, refusal)


def at_home(jobs: list[tuple[Path, Path]], place: Place, url: str) -> Iterator[dict[str, Any]]:
    """The same, but that only midstates go to the service. What a checker would refuse is refused here."""
    key = _api_key()
    if not is_available():
        raise MidstateUnavailable("no libcrypto that goes on from a midstate")
    with Sandbox.open_sync() as sandbox, Client(url, key=key) as client:
        for source, target in jobs:
            try:
                document = source.read_bytes()
                facts = sandbox.inspect(document)
                midstate = json.loads(sandbox.tell_midstate(document, place.page))
                stamp = _order_stamp(client, {"midstate": midstate}, source, place)
                if stamp["state"] == AFFIXED:
                    target.write_bytes(joined(document, *client.increment(stamp["id"])))
                    yield affixed(source, target, stamp["serial"], flags=facts.flags)
                else:
                    yield failed(source, "returned", stamp["reason"])
            except Refusal as refusal:
                yield refused(source, refusal)


def joined(document: bytes, increment: bytes, sha256: bytes) -> bytes:
    """The stamped document, which must have the hash that the service tells."""
    whole = document + increment
    if hashlib.sha256(whole).digest() != sha256:
        raise IncrementDiffers
    return whole


def _api_key() -> str:
    key = Settings.from_env().api_key
    if key is None:
        raise ApiKeyMissing
    return key


def _order_stamp(
    client: Client, document: Mapping[str, object], source: Path, place: Place
) -> dict[str, Any]:
    """The stamp once it has ended; `document` names it, or stands for it."""
    wanted = {
        **document,
        "page": place.page,
        "x": place.x_pt,
        "y": place.y_pt,
        "width": place.side_pt,
        "document_type": "dokumen",
        "document_no": source.stem[:64],
        "document_date": utc_now().date().isoformat(),
    }
    stamp = client.post("/v1/stamps", wanted, idempotency_key=fresh_key(), prefer=f"wait={WAIT_S}")
    while stamp["state"] not in {"affixed", "returned"}:
        stamp = client.get(f"/v1/stamps/{stamp['id']}")
    return stamp
