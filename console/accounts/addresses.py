"""The network address that a request came from, as far as it can be trusted."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str | None:
    """Return the address of the browser, or None where it is not known.

    Each proxy adds to X-Forwarded-For the address that it was asked from, so only as many entries from the right can be
    trusted as there are proxies of ours (TRUSTED_PROXY_COUNT); what stands before them anybody can write.
    """
    found = _read_address(request)
    return str(found) if found is not None else None


def throttled_address(request: HttpRequest) -> str | None:
    """Return the address that wrong passwords are counted by: of IPv6 the network, because a home has 2^64 of them."""
    found = _read_address(request)
    if isinstance(found, IPv6Address):
        return str(IPv6Network((int(found), 64), strict=False).network_address)
    return str(found) if found is not None else None


def _read_address(request: HttpRequest) -> IPv4Address | IPv6Address | None:
    text = request.META.get("REMOTE_ADDR", "")
    forwarded = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    if settings.TRUSTED_PROXY_COUNT and forwarded:
        text = forwarded[-min(settings.TRUSTED_PROXY_COUNT, len(forwarded))]
    try:
        found = ip_address(_without_port(text).partition("%")[0])
    except ValueError:  # a Unix socket has no address, and some proxies write "unknown"
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


def _without_port(text: str) -> str:
    """Return the address in `host:port` and `[host]:port`; an IPv6 address without brackets has no port."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text
