"""The second wall: whatever the renderer made, only this leaves, and it leaves well-formed."""

from __future__ import annotations

from nh3 import Cleaner
from pygments.token import STANDARD_TYPES

_TEXT_TAGS = {"p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "em", "strong", "del"}
_TABLE_AND_LIST_TAGS = {"table", "thead", "tbody", "tr", "ul"}
_ATTRIBUTES = {"a": {"href", "title"}, "code": {"class"}, "li": {"id"}, "ol": {"start"}, "sup": {"id"}}
_ALIGNS = {"align": {"left", "center", "right"}}
_VALUES = {
    "a": {"target": {"_blank"}, "rel": {"noopener noreferrer nofollow"}},
    "input": {"type": {"checkbox"}, "checked": {""}},
    "td": _ALIGNS,
    "th": _ALIGNS,
}
_CLASSES = {
    "a": {"image-link", "footnote-back"},
    "div": {"math", "block"},
    "input": {"task-list-item-checkbox"},
    "li": {"task-list-item"},
    "pre": {"open"},
    "section": {"footnotes"},
    "span": {"math", "inline", "block", *filter(None, STANDARD_TYPES.values())},
    "sup": {"footnote-ref"},
}

_cleaner = Cleaner(
    tags=_TEXT_TAGS.union(_TABLE_AND_LIST_TAGS, _ATTRIBUTES, _VALUES, _CLASSES),
    attributes=_ATTRIBUTES,
    tag_attribute_values=_VALUES,
    allowed_classes=_CLASSES,
    # A box that can be ticked would look as if the answer changed.
    set_tag_attribute_values={"input": {"disabled": ""}},
    url_schemes={"http", "https", "mailto"},
    url_relative=lambda url: url if url.startswith("#") else None,
    link_rel=None,
)


def clean(html: str) -> str:
    """``html`` with allowed tags, attributes, classes and addresses only, every tag closed."""
    return _cleaner.clean(html)
