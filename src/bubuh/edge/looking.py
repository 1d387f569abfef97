"""What the machine looks with, out of a web process's bag."""

from __future__ import annotations

from bubuh.complaints.look import Eyes
from bubuh.edge.services import Services


def eyes_of(services: Services) -> Eyes:
    """The machine's eyes in this process."""
    return Eyes(
        db=services.db,
        gateways=services.gateways,
        signer_health=services.signer_health,
        doorbell=services.doorbell,
        objects=services.objects,
        store_key=services.store_key,
    )
