"""Templates and static files, read at import: later the process may no longer read them."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from gettext import NullTranslations
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Final

import brotli
from jinja2 import DictLoader, Environment, StrictUndefined

from bubuh.edge.words import Language
from bubuh.web.words import CATALOGUES

_HERE: Final = files("bubuh.web")
_PLAIN: Final = re.compile(r"""\{\{ _\((?P<quote>["'])(?P<message>[^"'%\\]+)(?P=quote)\) \}\}""")
_BR_BEST: Final = 11
_GZIP_BEST: Final = 9
_MEDIA_TYPES: Final = MappingProxyType(
    {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml", "webp": "image/webp"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticFile:
    """A file that never changes under its name: the name holds its hash."""

    name: str
    media_type: str
    data: bytes
    brotli: bytes
    gzip: bytes

    def encoded(self, accept_encoding: str) -> tuple[bytes, str | None]:
        """Its bytes as the reader takes them, and how they are encoded (None: not at all)."""
        taken = {part.split(";")[0].strip() for part in accept_encoding.lower().split(",")}
        if "br" in taken:
            return self.brotli, "br"
        return (self.gzip, "gzip") if "gzip" in taken else (self.data, None)


def _static_file(name: str, data: bytes) -> StaticFile:
    stem, _, suffix = name.rpartition(".")
    return StaticFile(
        name=f"{stem}-{hashlib.sha256(data).hexdigest()[:16]}.{suffix}",
        media_type=_MEDIA_TYPES[suffix],
        data=data,
        brotli=brotli.compress(data, quality=_BR_BEST),
        gzip=gzip.compress(data, _GZIP_BEST, mtime=0),
    )


def _static() -> dict[str, StaticFile]:
    """Each style sheet, script and picture in `static/`, by its own name."""
    return {
        file.name: _static_file(file.name, file.read_bytes())
        for file in _below(_HERE.joinpath("static"))
        if file.name.endswith((".css", ".js", ".svg", ".webp"))
    }


def _templates() -> dict[str, str]:
    """Each page: those of `templates/` by their name, a journey's by `journey/name`."""
    found: dict[str, str] = {}
    for folder in _HERE.iterdir():
        if folder.is_dir() and folder.name not in {"static", "locale", "__pycache__"}:
            shown = "" if folder.name == "templates" else f"{folder.name}/"
            found |= {
                shown + file.name: file.read_text("utf-8")
                for file in _below(folder)
                if file.name.endswith(".html")
            }
    return found


def _below(folder: Traversable) -> Iterator[Traversable]:
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        if entry.is_dir():
            yield from _below(entry)
        else:
            yield entry


_BY_NAME: Final = _static()

STATIC: Final = MappingProxyType({file.name: file for file in _BY_NAME.values()})  #: by hashed name


def static_path(name: str) -> str:
    """Where browsers find the file that is called `name` here."""
    return f"/static/{_BY_NAME[name].name}"


def _said(source: str, catalogue: NullTranslations) -> str:
    """The template with what needs no facts said already: most of a page, the same for every reader."""
    return _PLAIN.sub(lambda found: catalogue.gettext(found["message"]), source)


def _environment(language: Language, pages: Mapping[str, str]) -> Environment:
    """The pages in `language`, compiled now: a mistake in one shows at start, not to a reader."""
    catalogue = CATALOGUES[language]
    made = Environment(
        loader=DictLoader({name: _said(source, catalogue) for name, source in pages.items()}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_callables(catalogue.gettext, catalogue.ngettext, newstyle=True)  # type: ignore[attr-defined]
    made.policies["ext.i18n.trimmed"] = True
    made.globals |= {"static": static_path, "language": str(language)}
    for name in made.list_templates():
        made.get_template(name)
    return made


PAGES: Final[Mapping[str, str]] = MappingProxyType(_templates())  #: source, by name
TEMPLATES: Final = MappingProxyType({language: _environment(language, PAGES) for language in Language})


def render(template: str, facts: Mapping[str, object], language: Language) -> bytes:
    """The page `template` in `language`, its holes filled with `facts`."""
    return TEMPLATES[language].get_template(template).render(facts).encode()
