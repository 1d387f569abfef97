"""Two languages, Indonesian first; which one a reader gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final


class Language(StrEnum):
    """What we write in."""

    ID = "id"
    EN = "en"


_LONGEST_HEADER: Final = 200  # characters of Accept-Language that are looked at


@dataclass(frozen=True, slots=True)
class Words:
    """The same sentence twice. `{name}` in it stands for a fact of the occasion."""

    id: str
    en: str

    def said(self, language: Language, facts: Mapping[str, object] | None = None) -> str:
        """The sentence in `language`, its facts filled in."""
        text = self.id if language is Language.ID else self.en
        return text.format_map(facts) if facts else text


@lru_cache(maxsize=256)  # few browsers say anything else than the one before
def pick_language(accept_language: str | None) -> Language:
    """Indonesian, unless English is asked for before it. Source: RFC 9110, 12.5.4."""
    wishes = [_wish(part) for part in (accept_language or "")[:_LONGEST_HEADER].split(",")]
    weights = {
        language: max((q for tag, q in wishes if tag == language), default=0.0) for language in Language
    }
    return Language.EN if weights[Language.EN] > weights[Language.ID] else Language.ID


def _wish(part: str) -> tuple[str, float]:
    """The primary subtag and weight of one language range; what cannot be read weighs nothing."""
    tag, _, parameter = part.strip().lower().partition(";")
    primary = tag.strip().split("-")[0]
    name, _, value = parameter.strip().partition("=")
    if not parameter:
        return primary, 1.0
    try:
        weight = float(value)
    except ValueError:
        return primary, 0.0
    return primary, weight if name.strip() == "q" and 0 <= weight <= 1 else 0.0
