"""Checks the images of an example against the limits of vision fine-tuning.

Format: Azure OpenAI documentation, fine-tuning-vision; the limits are in `service_limits`.
"""

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterator
from typing import Any

from shared.core.issues import Finding
from shared.core.service_limits import MAX_IMAGE_BYTES, MAX_IMAGES_PER_EXAMPLE

_DETAILS = frozenset({"low", "high", "auto"})
_DATA_URL = re.compile(r"data:image/(?P<type>[a-z0-9.+-]{1,40});base64,", re.IGNORECASE)
_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")
# How the bytes of each accepted type begin; WEBP's length stands at the dots.
_BEGINNINGS = {
    "jpeg": re.compile(rb"\xff\xd8\xff"),
    "jpg": re.compile(rb"\xff\xd8\xff"),
    "png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "webp": re.compile(rb"RIFF....WEBP", re.DOTALL),
}
# Base64 of 12 bytes, the longest beginning.
_BEGINNING_CHARACTERS = 16


def is_image(part: Any) -> bool:
    """Tell whether a content part is an image."""
    return isinstance(part, dict) and part.get("type") == "image_url"


def check_image(part: dict[str, Any], where: str) -> Iterator[Finding]:
    """Yield what is wrong with an image of a user message; that its tokens are not counted, if nothing is."""
    image = part.get("image_url")
    url = image.get("url") if isinstance(image, dict) else None
    if not isinstance(image, dict) or not isinstance(url, str) or not _is_detail(image.get("detail", "auto")):
        yield Finding("invalid-image", where)
    elif url[:5].lower() == "data:":
        yield _check_data_url(url, where) or Finding("image-not-counted", where)
    elif url[:8].lower() == "https://" and len(url) > len("https://"):
        yield Finding("image-not-counted", where)
    else:
        yield Finding("invalid-image", where)


def check_image_count(messages: list[Any]) -> Iterator[Finding]:
    """Yield a finding when an example has more images than the service takes."""
    if count_images(messages) > MAX_IMAGES_PER_EXAMPLE:
        yield Finding("too-many-images")


def count_images(messages: Any) -> int:
    """Return how many images stand in a list of messages, whatever shape its values have."""
    contents = [m.get("content") for m in messages if isinstance(m, dict)] if isinstance(messages, list) else []
    return sum(is_image(part) for content in contents if isinstance(content, list) for part in content)


def _is_detail(detail: Any) -> bool:
    return isinstance(detail, str) and detail in _DETAILS


def _check_data_url(url: str, where: str) -> Finding | None:
    header = _DATA_URL.match(url)
    beginning = _BEGINNINGS.get(header["type"].lower()) if header else None
    if header is None:
        return Finding("invalid-image", where)
    if beginning is None:
        return Finding("unsupported-image-type", where)
    encoded = len(url) - header.end()
    if encoded * 3 // 4 > MAX_IMAGE_BYTES + 2:  # two bytes of padding at most
        return Finding("image-too-large", where)
    if encoded % 4 or not _BASE64.fullmatch(url, header.end()):
        return Finding("invalid-image", where)
    if not beginning.match(_decoded(url[header.end() : header.end() + _BEGINNING_CHARACTERS])):
        return Finding("unsupported-image-type", where)
    return None


def _decoded(base64: str) -> bytes:
    try:
        return b64decode(base64)
    except Base64Error:
        return b""
