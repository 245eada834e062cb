"""What the command line of a host says, in the form that its child processes receive."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

from emulators.clock import Clock
from emulators.functions_host.settings import Keys

# Exit code of a child that would fail the same way again, so that starting it anew is of no use.
HOPELESS = 3


@dataclass(frozen=True)
class HostOptions:
    """What the command line says, with ports chosen: everything a child needs, as JSON in its arguments."""

    app: str
    state: str
    hub_port: int
    socket_fd: int
    url: str
    clock_scale: float
    clock_origin: str
    log_level: str
    key_options: tuple[str, ...] = ()
    storage_connection_string: str | None = None

    def to_json(self) -> str:
        """Return the text that `from_json` reads."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote."""
        fields = json.loads(text)
        return cls(**{**fields, "key_options": tuple(fields["key_options"])})

    @property
    def hub_address(self) -> str:
        """Return where the hub listens."""
        return f"127.0.0.1:{self.hub_port}"

    def keys(self) -> Keys:
        """Return the host's keys."""
        return Keys.from_options(self.key_options, self.keys_file)

    @property
    def keys_file(self) -> Path:
        """Return where keys that no option gives are kept."""
        return Path(self.state) / "keys.json"

    def clock(self) -> Clock:
        """Return a clock that agrees with that of every other process of this host."""
        return Clock(self.clock_scale, origin=datetime.fromisoformat(self.clock_origin))
