"""The guard that keeps tests on this machine bites, in this process and in its children."""

import asyncio
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator

import pytest
from sitecustomize import REFUSED, BeyondLoopbackError

# Addresses that RFC 5737 and RFC 3849 set aside for documentation: nobody is there, should the guard fail.
ELSEWHERE = "192.0.2.1"
ELSEWHERE_6 = "2001:db8::1"


@pytest.fixture
def refused() -> Iterator[list[str]]:
    """Give the list of what the guard refused, and empty it before the guard's own fixture looks."""
    yield REFUSED
    REFUSED.clear()


def connect() -> None:
    """Connect with a plain socket."""
    with socket.socket() as client:
        client.connect((ELSEWHERE, 443))


def connect_without_raising() -> None:
    """Connect in the way that returns an error number."""
    with socket.socket() as client:
        client.connect_ex((ELSEWHERE, 443))


def connect_by_ipv6() -> None:
    """Connect by IPv6."""
    with socket.socket(socket.AF_INET6) as client:
        client.connect((ELSEWHERE_6, 443))


def send_a_datagram() -> None:
    """Send without connecting."""
    with socket.socket(type=socket.SOCK_DGRAM) as client:
        client.sendto(b"", (ELSEWHERE, 53))


def look_up() -> None:
    """Ask for a name's address."""
    socket.getaddrinfo("example.invalid", 443)


def connect_by_asyncio() -> None:
    """Connect by an event loop."""
    asyncio.run(asyncio.wait_for(asyncio.open_connection(ELSEWHERE, 443), timeout=1))


def open_a_url() -> None:
    """Open a URL with the standard library."""
    urllib.request.urlopen("http://example.invalid/", timeout=1)


@pytest.mark.parametrize(
    "way",
    [connect, connect_without_raising, connect_by_ipv6, send_a_datagram, look_up, connect_by_asyncio, open_a_url],
)
def test_ways_to_another_machine_are_refused(way: Callable[[], None], refused: list[str]) -> None:
    """Every usual way out raises the guard's error and is written down for the fixture that fails the test."""
    with pytest.raises(BeyondLoopbackError, match="this machine only"):
        way()
    assert len(refused) == 1


def test_loopback_stays_open() -> None:
    """A server on loopback is reached by name and by address."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        for host in ("127.0.0.1", "localhost"):
            socket.create_connection((host, port), timeout=5).close()


def test_children_are_guarded() -> None:
    """A Python child process gets the guard from the environment."""
    program = f"import socket; socket.socket().connect(({ELSEWHERE!r}, 443))"
    child = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=30)
    assert child.returncode == 1
    assert "BeyondLoopbackError: tests talk to this machine only" in child.stderr
