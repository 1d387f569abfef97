"""How surfaces reach the waiting room."""

from __future__ import annotations

from bubuh.edge.door import Door
from bubuh.edge.refusals import RouteUnknown
from bubuh.edge.services import Services


def door_of(services: Services) -> Door:
    """Raises `RouteUnknown` where there is no waiting room."""
    if services.door is None:
        raise RouteUnknown
    return services.door
