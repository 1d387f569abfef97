"""Templates and static files, read at import: later the process may no longer read them.

To compile the ones and compress the others takes a second, so that is made once.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from gettext import NullTranslations
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import CodeType, MappingProxyType
from typing import Final

import brotli
import jinja2
from jinja2 import BytecodeCache, DictLoader, Environment, StrictUndefined
from jinja2.bccache import Bucket

from bubuh.edge.words import Language
from bubuh.web.made_once import made_once
from bubuh.web.words import CATALOGUES

_HERE: Final = files("bubuh.web")
_OURS: Final = _HERE.joinpath("files.py").read_bytes()
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


def _static_file(name: str, data: bytes, packed: tuple[bytes, bytes]) -> StaticFile:
    stem, _, suffix = name.rpartition(".")
    return StaticFile(
        name=f"{stem}-{hashlib.sha256(data).hexdigest()[:16]}.{suffix}",
        media_type=_MEDIA_TYPES[suffix],
        data=data,
        brotli=packed[0],
        gzip=packed[1],
    )


def _static() -> dict[str, StaticFile]:
    """Each style sheet, script and picture in `static/`, by its own name."""
    found = {
        file.name: file.read_bytes()
        for file in _below(_HERE.joinpath("static"))
        if file.name.endswith((".css", ".js", ".svg", ".webp"))
    }
    sources = [_OURS, brotli.__version__.encode(), *found.values()]
    packed = made_once("static", sources, lambda: [_packed(data) for data in found.values()])
    return {
        name: _static_file(name, data, both) for (name, data), both in zip(found.items(), packed, strict=True)
    }


def _packed(data: bytes) -> tuple[bytes, bytes]:
    return brotli.compress(data, quality=_BR_BEST), gzip.compress(data, _GZIP_BEST, mtime=0)


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


class _Compiled(BytecodeCache):
    """The templates' code by their names, as it was made from these very sources."""

    def __init__(self, code: Mapping[str, CodeType]) -> None:
        self._code = code

    def get_cache_key(self, name: str, filename: str | None = None) -> str:
        """See `BytecodeCache`: the name itself."""
        del filename
        return name

    def load_bytecode(self, bucket: Bucket) -> None:
        """See `BytecodeCache`."""
        bucket.code = self._code[bucket.key]


def _environment(language: Language, pages: Mapping[str, str]) -> Environment:
    """The pages in `language`, compiled now: a mistake in one shows at start, not to a reader."""
    catalogue = CATALOGUES[language]
    said = {name: _said(source, catalogue) for name, source in pages.items()}
    made = Environment(
        loader=DictLoader(said),
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
    sources = [_OURS, jinja2.__version__.encode(), *(part.encode() for row in said.items() for part in row)]
    made.bytecode_cache = _Compiled(
        made_once(
            f"pages-{language}",
            sources,
            lambda: {name: made.compile(source, name) for name, source in said.items()},
        )
    )
    for name in made.list_templates():
        made.get_template(name)
    return made


PAGES: Final[Mapping[str, str]] = MappingProxyType(_templates())  #: source, by name
TEMPLATES: Final = MappingProxyType({language: _environment(language, PAGES) for language in Language})


def render(template: str, facts: Mapping[str, object], language: Language) -> bytes:
    """The page `template` in `language`, its holes filled with `facts`."""
    return TEMPLATES[language].get_template(template).render(facts).encode()
