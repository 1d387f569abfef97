"""Pages and rows that many readers see alike: rendered once, and filled for each.

A template costs more than all else of a page of rows. What of it differs is mostly a few texts; so it is
rendered with marks in their places, once for each shape that it takes, and the texts are then put there. The
template stays an ordinary one, and a test holds what is filled to what it renders. A text may steer its
template by being empty or not, and is shown as it is: no filter is laid on it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import Any, Final

from markupsafe import Markup, escape

from bubuh.edge.words import Language
from bubuh.web.files import render

_MARK: Final = "\0"  # in no template, and in no text of the database, which knows no such sign
_MOST_SHAPES: Final = 256

_Cast = tuple[str, Callable[[Sequence[str]], object]]  #: a form of `%s`, and which texts stand there


class Mould:
    """A template and the names of the texts in it; `session.name` is `name` of `session`."""

    def __init__(self, template: str, *holes: str) -> None:
        """Nothing is rendered yet. There are two holes at least."""
        self._template = template
        self._holes = holes
        self._cast = lru_cache(maxsize=_MOST_SHAPES)(self._cast_anew)

    def fill(self, language: Language, texts: Sequence[str], **facts: Hashable) -> str:
        """The template with `texts` in its holes, in their order; escaped, unless they are `Markup`.

        `facts` decide the template's shape and are few: each that is new has it rendered.
        """
        form, pick = self._cast(language, tuple(map(bool, texts)), tuple(facts.items()))
        filled: str = form % pick([str(escape(text)) for text in texts])
        return filled

    def fill_all(self, language: Language, rows: Sequence[Sequence[str]], **facts: Hashable) -> Markup:
        """The template once for each of `rows`, one after the other; every text is escaped."""
        if not rows:
            return Markup()
        told, wide = tuple(facts.items()), len(self._holes)
        texts = str(escape(_MARK.join(chain.from_iterable(rows)))).split(_MARK)
        assert len(texts) == wide * len(rows), "a text of the database holds no mark"
        shown, casts = [], dict[tuple[bool, ...], _Cast]()
        for at in range(0, len(texts), wide):
            row = texts[at : at + wide]
            is_full = tuple(map(bool, row))
            cast = casts.get(is_full)
            if cast is None:
                cast = casts[is_full] = self._cast(language, is_full, told)
            form, pick = cast
            shown.append(form % pick(row))
        return Markup("".join(shown))  # noqa: S704 -- each text was escaped above, the rest is our template

    def _cast_anew(
        self, language: Language, is_full: tuple[bool, ...], facts: tuple[tuple[str, Hashable], ...]
    ) -> _Cast:
        """The template, rendered."""
        marks = {
            name: f"{_MARK}{at}{_MARK}" if full else ""
            for at, (name, full) in enumerate(zip(self._holes, is_full, strict=True))
        }
        pieces = render(self._template, _nested({**dict(facts), **marks}), language).decode().split(_MARK)
        form = "%s".join(piece.replace("%", "%%") for piece in pieces[::2])
        order = [int(piece) for piece in pieces[1::2]]
        return form, itemgetter(*order) if len(order) > 1 else lambda texts: tuple(texts[at] for at in order)


def _nested(facts: Mapping[str, object]) -> dict[str, object]:
    """`facts` by name, those of one thing together."""
    told: dict[str, Any] = {}
    for name, value in facts.items():
        thing, _, part = name.partition(".")
        if part:
            told.setdefault(thing, {})[part] = value
        else:
            told[name] = value
    return told
