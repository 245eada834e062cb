"""Reads the paths of blob triggers and the URLs of blobs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit


@dataclass(frozen=True)
class BlobPath:
    """A trigger's path, such as `container/{name}.jsonl`; a parameter may span slashes."""

    container: str
    pattern: re.Pattern[str]

    @classmethod
    def parse(cls, path: str) -> "BlobPath":
        """Read a path whose settings are already resolved; without a blob part it means every blob."""
        container, _, blob = path.partition("/")
        pieces = re.split(r"\{\*?(\w+)\}", blob or "{name}")
        pattern = "".join(f"(?P<{p}>.+)" if i % 2 else re.escape(p) for i, p in enumerate(pieces))
        return cls(container, re.compile(pattern, re.DOTALL))

    def parameters(self, name: str) -> Mapping[str, str] | None:
        """Return the parameters of a blob's name, or None when it does not match."""
        match = self.pattern.fullmatch(name)
        return match.groupdict() if match else None


def blob_of(url: str) -> tuple[str, str]:
    """Return container and name of a blob's URL, also of an emulator's, whose path begins with the account."""
    parts = urlsplit(url)
    path = unquote(parts.path).lstrip("/")
    if ".blob." not in (parts.hostname or ""):
        path = path.partition("/")[2]
    container, _, name = path.partition("/")
    return container, name
