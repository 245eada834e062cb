"""Markup in which everything from outside is text."""

import pytest

from shared.core.markup import Markup, element, escape, facts, items, table


def test_text_is_escaped_and_markup_is_not() -> None:
    """Only this module's own results go into a page as they stand."""
    assert element("p", "<b> & ", element("b", "x")) == "<p>&lt;b&gt; &amp; <b>x</b></p>"


def test_an_attribute_cannot_be_left() -> None:
    """Quotes of both kinds are escaped in a value."""
    written = element("p", class_="\"x' onclick=y")
    assert written == '<p class="&quot;x&#x27; onclick=y"></p>'


def test_attributes_are_spelled_as_html_spells_them() -> None:
    """Python has no hyphens and reserves `class`; an empty value leaves the attribute out."""
    assert element("meta", http_equiv="a", class_="", name="b") == '<meta http-equiv="a" name="b">'


@pytest.mark.parametrize("character", ["\x00", "\x08", "\x0b", "\x1f", "\x7f", "\ud800", "\uffff"])
def test_forbidden_characters_are_replaced(character: str) -> None:
    """HTML forbids them even as references, and UTF-8 cannot write half a pair."""
    assert escape(f"a{character}b") == "a\ufffdb"


def test_line_breaks_and_tabs_are_kept() -> None:
    """An answer keeps its lines."""
    assert escape("a\n\tb") == "a\n\tb"


def test_values_that_are_missing_are_left_out() -> None:
    """Zero is a value."""
    assert facts([("a", None), ("b", ""), ("c", 0)]) == "<dl><div><dt>c</dt><dd>0</dd></div></dl>"


def test_a_table_names_its_rows_and_labels_its_cells() -> None:
    """A cell that a narrow page shows alone still says what it is, and roles survive another display."""
    assert table("Caption", ("Split", "Size"), [("training", "<1")], kind="k") == Markup(
        '<table role="table" class="k"><caption>Caption</caption>'
        '<thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">Split</th>'
        '<th scope="col" role="columnheader">Size</th></tr></thead>'
        '<tbody role="rowgroup"><tr role="row"><th scope="row" role="rowheader">training</th>'
        '<td role="cell" data-label="Size">&lt;1</td></tr></tbody></table>'
    )


def test_a_list_has_an_item_for_each_value() -> None:
    """Items are text as well."""
    assert items(["<a>", 2]) == "<ul><li>&lt;a&gt;</li><li>2</li></ul>"
