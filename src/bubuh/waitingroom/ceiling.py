"""How many the repair lane may let in just now. It has no numbers: people come when they come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_SAVED_S: Final = 3.0  #: seconds' worth of people that it may save up
_LEAST_SAVED: Final = 5.0
_NOTHING: Final = 1e-9


@dataclass(slots=True)
class Ceiling:
    """Fills with time and empties by one a person. It begins empty: a crash lets in nobody twice."""

    left: float = 0.0
    came: int = 0  #: people since time last passed

    def pass_time(self, per_s: float, elapsed_s: float) -> int:
        """Let `per_s` people more a second in from now on; how many came meanwhile."""
        self.left = min(self.left + per_s * elapsed_s, max(_LEAST_SAVED, _SAVED_S * per_s))
        came, self.came = self.came, 0
        return came

    @property
    def is_reached(self) -> bool:
        """Whether the next waits a moment."""
        return self.left < 1 - _NOTHING

    def take(self) -> None:
        """Somebody came."""
        self.left -= 1
        self.came += 1
