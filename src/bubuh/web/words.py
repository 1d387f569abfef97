"""The words of the pages in both languages.

Indonesian stands in the templates and handlers themselves, and is the name of each message; English stands in
`locale/en.po`, read at import. So there is one place to write a sentence and one to translate it, and nothing
to compile. A test finds every message that lacks its English and every English one that nobody says.
"""

from __future__ import annotations

from collections.abc import Mapping
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from io import BytesIO
from types import MappingProxyType
from typing import Final, Protocol

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from bubuh.edge.words import Language


class Voice(Protocol):
    """Says a message in one language, its `%(name)s` filled in."""

    def __call__(self, message: str, /, **facts: object) -> str:
        """The message as its reader gets it."""
        ...


def _english() -> GNUTranslations:
    source = files("bubuh.web").joinpath("locale", "en.po").read_bytes()
    compiled = BytesIO()
    write_mo(compiled, read_po(BytesIO(source), locale="en"))
    compiled.seek(0)
    return GNUTranslations(compiled)


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
