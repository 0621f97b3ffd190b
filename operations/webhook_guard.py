"""Where a webhook may send to: public addresses, and networks that the administrator named. Checked on the address that is connected to.

The name is resolved here, all its addresses are judged, and the connection goes to one of those: a name that answers differently a moment later
(DNS rebinding) changes nothing. Redirects are not followed, proxies of the environment not asked.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlsplit

import httpcore
import httpx

from domain.errors import RefusedError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_URL_MOST = 2_000


def networks(said: Iterable[str]) -> tuple[Network, ...]:
    """Networks of a setting.

    Raises:
        RefusedError: one is no network.
    """
    try:
        return tuple(ipaddress.ip_network(one) for one in said)
    except ValueError as error:
        raise RefusedError(f"cuntong.toml, section webhooks, allow_networks: {error}", field="allow_networks") from error


def allowed(address: Address, named: Sequence[Network]) -> bool:
    """The address is public, or in a named network; what an IPv6 address carries inside is judged as the IPv4 address that it is."""
    inner = _inner(address)
    if any(inner.version == network.version and inner in network for network in named):
        return True
    return inner.is_global and not inner.is_multicast


def _inner(address: Address) -> Address:
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address.sixtofour is not None:
            return address.sixtofour
        if address.teredo is not None:
            return address.teredo[1]
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def checked_url(url: str, named: Sequence[Network]) -> str:
    """The URL, when it can be one of a webhook: https, or http; no user, no fragment; an address in it must be allowed.

    Raises:
        RefusedError: it cannot; field "url".
    """
    try:
        parts = urlsplit(url)
        port = parts.port
        host = httpx.URL(url).host
    except (ValueError, httpx.InvalidURL) as error:
        raise RefusedError(f"the URL cannot be read: {error}", field="url") from error
    if parts.scheme not in ("https", "http") or not host or len(url) > _URL_MOST or port == 0:
        raise RefusedError("the URL is http:// or https:// and names a host", field="url")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise RefusedError("the URL holds no user, no password, no fragment", field="url")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        if host.lower().rstrip(".").rpartition(".")[2] in ("localhost", "internal", "local") and not named:
            raise RefusedError(f"{host} is not on the public network; {_NEXT}", field="url") from None
        return url
    if not allowed(address, named):
        raise RefusedError(f"{host} is not a public address; {_NEXT}", field="url")
    return url


_NEXT = "an administrator may allow its network in cuntong.toml, section webhooks, allow_networks"


def resolve(host: str, port: int, named: Sequence[Network]) -> list[str]:
    """Allowed addresses of a host.

    Raises:
        RefusedError: it has none, or one of them is not allowed: such a name is not to be trusted.
        OSError: it cannot be resolved.
    """
    found = list(dict.fromkeys(str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
    for one in found:
        if not allowed(ipaddress.ip_address(one.partition("%")[0]), named):
            raise RefusedError(f"{host} is at {one}, which is not a public address; {_NEXT}", field="url", kind="forbidden")
    if not found:
        raise RefusedError(f"{host} has no address", field="url", kind="forbidden")
    return found


class _Stream(httpcore.NetworkStream):
    """A stream that ends at a deadline, however slowly the other side drips."""

    def __init__(self, inner: httpcore.NetworkStream, until_s: float) -> None:
        self._inner, self._until_s = inner, until_s

    def _left(self, timeout: float | None, error: type[Exception]) -> float:
        left = self._until_s - time.monotonic()
        if left <= 0:
            raise error("the whole exchange took too long")
        return left if timeout is None else min(timeout, left)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read."""
        return self._inner.read(max_bytes, self._left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write."""
        self._inner.write(buffer, self._left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        """Close."""
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Go on under TLS, for the name and not for the address."""
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, self._left(timeout, httpcore.ConnectTimeout)), self._until_s)

    def get_extra_info(self, info: str) -> Any:
        """What the socket tells."""
        return self._inner.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    def __init__(self, named: Sequence[Network], timeout_s: float) -> None:
        self._named, self._timeout_s, self._inner = named, timeout_s, httpcore.SyncBackend()

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None, socket_options: Any = None
    ) -> httpcore.NetworkStream:
        """Connect to an address that was judged."""
        until_s = time.monotonic() + self._timeout_s
        try:
            addresses = resolve(host, port, self._named)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"{host} cannot be resolved: {error}") from error
        return _Stream(self._inner.connect_tcp(addresses[0], port, timeout, local_address, socket_options), until_s)


def client(named: Sequence[Network], timeout_s: float) -> httpx.Client:
    """An HTTP client that reaches allowed addresses alone; a connection a request, no redirects, no proxies, no cookies kept."""
    transport = httpx.HTTPTransport(trust_env=False)
    transport._pool.close()
    transport._pool = httpcore.ConnectionPool(
        ssl_context=ssl.create_default_context(), max_connections=8, max_keepalive_connections=0, network_backend=_Backend(named, timeout_s)
    )
    return httpx.Client(transport=transport, timeout=timeout_s, follow_redirects=False, trust_env=False)
