"""Write HTML and SVG in which everything is escaped that did not come from this module."""

import html
import re
from collections.abc import Iterable, Sequence

# Characters that HTML does not allow even when escaped.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_VOID = frozenset({"meta", "br", "hr"})


class Markup(str):
    """Text that is markup already and goes into a page as it stands."""

    __slots__ = ()


def escape(value: object) -> Markup:
    """Return a value as markup: itself when it is markup, otherwise its text with everything special escaped."""
    if isinstance(value, Markup):
        return value
    return Markup(html.escape(_CONTROL.sub("\ufffd", str(value))))


def join(parts: Iterable[object]) -> Markup:
    """Return the parts as markup, one after the other."""
    return Markup("".join(escape(part) for part in parts))


def element(name: str, /, *children: object, **attributes: object) -> Markup:
    """Return an element; a trailing underscore in an attribute's name is dropped, others become hyphens."""
    text = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"' for key, value in attributes.items() if value != ""
    )
    return Markup(f"<{name}{text}>" if name in _VOID else f"<{name}{text}>{join(children)}</{name}>")


def table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[object]], *, kind: str = "") -> Markup:
    """Return a table whose first column names its rows; cells are labelled so that a narrow page can stack them."""
    # Explicit roles keep it a table for screen readers when a style sheet changes how it is displayed.
    head = element("tr", *(element("th", column, scope="col", role="columnheader") for column in columns), role="row")
    body = join(_row(columns, row) for row in rows)
    return element(
        "table",
        element("caption", caption),
        element("thead", head, role="rowgroup"),
        element("tbody", body, role="rowgroup"),
        role="table",
        class_=kind,
    )


def facts(pairs: Iterable[tuple[str, object]]) -> Markup:
    """Return a list of named values; pairs without a value are left out."""
    rows = [
        element("div", element("dt", name), element("dd", value)) for name, value in pairs if value not in ("", None)
    ]
    return element("dl", *rows)


def items(values: Iterable[object]) -> Markup:
    """Return a bulleted list."""
    return element("ul", *(element("li", value) for value in values))


def _row(columns: Sequence[str], row: Sequence[object]) -> Markup:
    first = element("th", row[0], scope="row", role="rowheader")
    rest = [
        element("td", cell, role="cell", data_label=column) for column, cell in zip(columns[1:], row[1:], strict=True)
    ]
    return element("tr", first, *rest, role="row")
