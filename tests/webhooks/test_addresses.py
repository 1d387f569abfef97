"""Which addresses may be a webhook's: nothing a stranger names leads back into our own network."""

from __future__ import annotations

import pytest

from bubuh.webhooks.addresses import MOST_LETTERS, check_url, is_public, may_call
from bubuh.webhooks.refusals import WebhookUrlRefused

OURS = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "fe80::1%eth0",
    "fc00::1",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "2002:7f00:1::1",
    "2002:a00:1::",
    "2001:0:4136:e378:8000:63bf:f5ff:fffe",  # Teredo over 10.0.0.1
]
THEIRS = [
    "8.8.8.8",
    "203.0.114.1",
    "2606:4700::1111",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::1",
]


@pytest.mark.parametrize("address", OURS)
def test_what_is_not_on_the_open_net_is_never_called(address: str) -> None:
    assert not is_public(address)
    assert not may_call("https", [address], may_be_here=False)
    assert not may_call("https", ["8.8.8.8", address], may_be_here=False)
    assert not may_call("https", ["8.8.8.8", address], may_be_here=True)


@pytest.mark.parametrize("address", THEIRS)
def test_what_is_on_the_open_net_is_called_by_https_alone(address: str) -> None:
    assert may_call("https", [address], may_be_here=False)
    assert not may_call("http", [address], may_be_here=False)
    assert not may_call("http", [address], may_be_here=True)


def test_in_development_this_machine_may_be_called_and_no_other_of_ours() -> None:
    for addresses in (["127.0.0.1"], ["::1", "127.0.0.1"]):
        assert may_call("http", addresses, may_be_here=True)
        assert not may_call("http", addresses, may_be_here=False)
        assert not may_call("https", addresses, may_be_here=False)
    assert not may_call("http", ["10.0.0.1"], may_be_here=True)
    assert not may_call("https", ["10.0.0.1"], may_be_here=True)
    assert not may_call("https", [], may_be_here=True)


@pytest.mark.parametrize(
    "url",
    [
        "https://distributor.example/bubuh",
        "https://distributor.example:8443/a/b?token=x%20y",
        "https://8.8.8.8/",
        "https://[2606:4700::1111]/",
        "https://xn--bcher-kva.example./",
    ],
)
def test_an_https_address_on_the_open_net_passes(url: str) -> None:
    check_url(url, may_be_here=False)
    check_url(url, may_be_here=True)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "distributor.example",
        "//distributor.example/",
        "http://distributor.example/",
        "ftp://distributor.example/",
        "file:///etc/passwd",
        "https://",
        "https:///a",
        "https://user@distributor.example/",
        "https://user:word@distributor.example/",
        "https://8.8.8.8\\@127.0.0.1/",
        "https://distributor.example/#a",
        "https://distributor.example#",
        "https://distributor.example:0/",
        "https://distributor.example:65536/",
        "https://distributor.example:x/",
        "https://distributor example/",
        "https://distributor.example/a b",
        "https://distributor.example/a\r\nx: y",
        "https://bücher.example/",
        "https://a..example/",
        "https://" + "a" * 64 + ".example/",
        "https://%31%32%37.0.0.1/",
        "https://[::1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://127.0.0.1/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://distributor.example/" + "a" * MOST_LETTERS,
    ],
)
def test_any_other_address_is_refused(url: str) -> None:
    with pytest.raises(WebhookUrlRefused):
        check_url(url, may_be_here=False)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "http://localhost:9/a", "https://[::1]:9/"])
def test_in_development_this_machine_passes(url: str) -> None:
    check_url(url, may_be_here=True)
    with pytest.raises(WebhookUrlRefused):
        check_url(url.replace("localhost", "127.0.0.1"), may_be_here=False)


@pytest.mark.parametrize("url", ["http://10.0.0.1/", "http://8.8.8.8/", "http://distributor.example/"])
def test_in_development_nothing_else_passes_without_tls(url: str) -> None:
    with pytest.raises(WebhookUrlRefused):
        check_url(url, may_be_here=True)
