"""Refuse connections and look-ups beyond this machine, in every Python process that has this folder on PYTHONPATH.

An audit hook sees each connect and each look-up of CPython's socket module, asyncio's among them. It does not see what
never calls that module: grpc's C core, Node, and a Python started with -I, -S or an environment of its own.
"""

import ipaddress
import sys

REFUSED: list[str] = []


class BeyondLoopbackError(RuntimeError):
    """A test tried to reach another machine; no OSError, so that no client takes it for a bad network and retries."""


def is_here(host: object) -> bool:
    """Say whether this host, as the socket module takes it, is this machine by its loopback address or name."""
    if host in (None, "", b""):
        return True
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    if text == "localhost" or text.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def refuse_beyond_loopback(event: str, arguments: tuple[object, ...]) -> None:
    """Raise BeyondLoopbackError when an audit event is a way to another machine (the events of the socket module)."""
    if not event.startswith("socket."):
        return
    if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
        address = arguments[1]
        # An address of another family (a Unix socket's path, say) is no way out.
        host = address[0] if isinstance(address, tuple) and len(address) >= 2 else None
    elif event in {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}:
        host = arguments[0]
    else:
        return
    if not is_here(host):
        REFUSED.append(f"{event} {host!r}")
        raise BeyondLoopbackError(f"tests talk to this machine only, not to {host!r} ({event})")


sys.addaudithook(refuse_beyond_loopback)
