"""Which examples of a dataset are held out for validation when it brings no validation blob."""

import hashlib

_BOM = b"\xef\xbb\xbf"


def belongs_to_validation(line: bytes, fraction: float) -> bool:
    """Tell whether an example is held out, by its content alone.

    The same bytes land on the same side wherever they stand, so a duplicate is never in both splits and an example that
    is added moves no other. About `fraction` (0 to 1) of the distinct examples is held out, in a small dataset very
    roughly.
    """
    content = line.removeprefix(_BOM).rstrip(b"\r\n")
    return int.from_bytes(hashlib.sha256(content).digest()[:8]) < fraction * 2**64
