"""Why a run ended, as data: a stable code, a sentence, and what to do about it."""

from msgspec import Struct


class Failure(Struct, frozen=True, kw_only=True):
    """Why a run ended; never holds prompt text or secrets."""

    code: str
    message: str
    remedy: str
    # What the service said, word for word, where it said something.
    detail: str = ""
