"""Templates and static files, read at import: later the process may no longer read them."""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from jinja2 import DictLoader, Environment, StrictUndefined

_HERE: Final = files("bubuh.web")


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticFile:
    """A file that never changes under its name: the name holds its hash."""

    name: str
    media_type: str
    data: bytes


def _static() -> dict[str, StaticFile]:
    """Each file in `static/`, by its own name."""
    found = {}
    for file in sorted(_HERE.joinpath("static").iterdir(), key=lambda each: each.name):
        if not file.is_file():
            continue
        data = file.read_bytes()
        stem, _, suffix = file.name.rpartition(".")
        hashed = f"{stem}-{hashlib.sha256(data).hexdigest()[:16]}.{suffix}"
        media_type = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        found[file.name] = StaticFile(name=hashed, media_type=media_type, data=data)
    return found


def _templates() -> dict[str, str]:
    """Each page in `templates/`, by its name."""
    return {
        file.name: file.read_text("utf-8") for file in _HERE.joinpath("templates").iterdir() if file.is_file()
    }


_BY_NAME: Final = _static()

STATIC: Final = MappingProxyType({file.name: file for file in _BY_NAME.values()})  #: by hashed name

TEMPLATES: Final = Environment(
    loader=DictLoader(_templates()),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)


def static_path(name: str) -> str:
    """Where browsers find the file that is called `name` here."""
    return f"/static/{_BY_NAME[name].name}"


def render(template: str, facts: Mapping[str, object]) -> bytes:
    """The page `template`, its holes filled with `facts`."""
    return TEMPLATES.get_template(template).render(facts).encode()


TEMPLATES.globals["static"] = static_path
for _name in TEMPLATES.list_templates():
    TEMPLATES.get_template(_name)  # compiled now: a mistake in a page shows at start, not to a reader
