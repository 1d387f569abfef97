"""The words of the pages in both languages.

Indonesian stands in the templates and handlers themselves, and is the name of each message; English stands in
`locale/en.po`, read at import. So there is one place to write a sentence and one to translate it, and nothing
to compile by hand. A test finds every message that lacks its English and every English one that nobody says.
"""

from __future__ import annotations

from collections.abc import Mapping
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from io import BytesIO
from types import MappingProxyType
from typing import Final, Protocol

from bubuh.edge.words import Language
from bubuh.web.made_once import made_once


class Voice(Protocol):
    """Says a message in one language, its `%(name)s` filled in."""

    def __call__(self, message: str, /, **facts: object) -> str:
        """The message as its reader gets it."""
        ...


_HERE: Final = files("bubuh.web")


def _english() -> GNUTranslations:
    source = _HERE.joinpath("locale", "en.po").read_bytes()
    ours = _HERE.joinpath("words.py").read_bytes()
    return GNUTranslations(BytesIO(made_once("words-en", [ours, source], lambda: _compiled(source))))


def _compiled(source: bytes) -> bytes:
    from babel.messages.mofile import write_mo  # noqa: PLC0415 -- a tenth of a second, for nothing as a rule
    from babel.messages.pofile import read_po  # noqa: PLC0415

    out = BytesIO()
    write_mo(out, read_po(BytesIO(source), locale="en"))
    return out.getvalue()


CATALOGUES: Final[Mapping[Language, NullTranslations]] = MappingProxyType(
    {Language.ID: NullTranslations(), Language.EN: _english()}
)


def voice(language: Language) -> Voice:
    """What says messages in `language`."""
    catalogue = CATALOGUES[language]

    def say(message: str, /, **facts: object) -> str:
        said = catalogue.gettext(message)
        return said % facts if facts else said

    return say
