"""Which addresses a webhook may have: what strangers name must not lead back into our own network.

Source: RFC 6890 (special addresses); RFC 4291 2.5.5.2, RFC 3056, RFC 4380, RFC 6052 (IPv4 inside IPv6).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from bubuh.webhooks.refusals import WebhookUrlRefused

MOST_LETTERS: Final = 2_000
_NAME: Final = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?")
_URL: Final = re.compile(r"[!-~]+")
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")  # of all that is assigned; RFC 4291 2.4
_NAT64: Final = IPv6Network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether an IP address is somebody's on the open net, also by the IPv4 address that it may hold."""
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        held = _held(ip)
        return ip in _GLOBAL_UNICAST and ip.is_global if held is None else is_public(str(held))
    return ip.is_global and not ip.is_multicast


def is_loopback(address: str) -> bool:
    """Whether an IP address is this machine's own."""
    return ip_address(address.partition("%")[0]).is_loopback


def may_call(scheme: str, addresses: Sequence[str], *, may_be_here: bool) -> bool:
    """Whether a name with all these addresses may be called: one that may not spoils the name.

    `may_be_here`: this machine's own addresses too, even without TLS, as in development.
    """
    if may_be_here and addresses and all(map(is_loopback, addresses)):
        return True
    return scheme == "https" and bool(addresses) and all(map(is_public, addresses))


def check_url(url: str, *, may_be_here: bool) -> None:
    """Pass what can be a webhook's address, as far as one sees without asking anybody for the name.

    Raises:
        WebhookUrlRefused: not https, too long, with a user or fragment, without a host, or of an IP address
            that may not be called.
    """
    if not (_URL.fullmatch(url) and len(url) <= MOST_LETTERS):
        raise WebhookUrlRefused
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise WebhookUrlRefused from error
    if port == 0 or not _is_plain(parts, url):
        raise WebhookUrlRefused
    try:
        addresses = [str(ip_address(host))]
    except ValueError:
        addresses = []
    is_named = not addresses and _NAME.fullmatch(host) is not None and parts.scheme == "https"
    is_here = may_be_here and host == "localhost" and parts.scheme in {"http", "https"}
    if not (is_named or is_here or may_call(parts.scheme, addresses, may_be_here=may_be_here)):
        raise WebhookUrlRefused


def _is_plain(parts: SplitResult, url: str) -> bool:
    """Nothing but scheme, host, port, path and query."""
    return parts.scheme in {"http", "https"} and not {"@", "\\"} & set(parts.netloc) and "#" not in url


def _held(ip: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address leads to."""
    if ip.teredo is not None:
        return ip.teredo[1]
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip.ipv4_mapped or ip.sixtofour
