"""Origins are compared as RFC 6454 says; what a person writes for a host is read as the client reads it."""

from __future__ import annotations

import pytest

from explorer.core.origin import HostPattern, Origin
from explorer.errors import UsageError


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://API.Example.com/v1", "https://api.example.com"),
        ("https://api.example.com:443", "https://api.example.com"),
        ("http://api.example.com:80/", "http://api.example.com"),
        ("http://api.example.com:443/", "http://api.example.com:443"),
        ("https://api.example.com./v1", "https://api.example.com"),
        ("https://user:pass@api.example.com/", "https://api.example.com"),
        ("https://api.example.com@evil.example/", "https://evil.example"),
        ("https://api.example.com\\@evil.example/", "https://evil.example"),
        ("http://[::1]:8080/x", "http://[::1]:8080"),
        ("http://[0:0:0:0:0:0:0:1]:8080/x", "http://[::1]:8080"),
        ("https://bücher.example/", "https://xn--bcher-kva.example"),
    ],
)
def test_spellings_of_one_origin_are_equal(url: str, origin: str) -> None:
    assert str(Origin.parse(url)) == origin
    assert Origin.parse(url) == Origin.parse(origin)


@pytest.mark.parametrize(
    "url", ["", "api.example.com", "ftp://api.example.com", "https://", "http://[::1", "file:///x"]
)
def test_what_is_no_url_has_no_origin(url: str) -> None:
    assert Origin.parse(url) is None


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("[::1]", True),
        ("localhost", True),
        ("LOCALHOST.", True),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("0.0.0.0", False),  # noqa: S104 - not bound to
        ("192.168.0.1", False),
        ("2130706433", False),
    ],
)
def test_loopback_is_this_machine_only(host: str, here: bool) -> None:
    origin = Origin.parse(f"http://{host}:81/")
    assert origin is not None
    assert origin.is_loopback is here


@pytest.mark.parametrize(
    ("text", "url", "matches"),
    [
        ("api.example.com", "https://api.example.com", True),
        ("API.example.com", "http://api.example.com", True),
        ("api.example.com", "https://api.example.com:8443", False),
        ("api.example.com:8443", "https://api.example.com:8443", True),
        ("api.example.com:443", "https://api.example.com", True),
        ("api.example.com", "https://api.example.com.evil.example", False),
        ("https://api.example.com", "http://api.example.com", False),
        ("[::1]:81", "http://[::1]:81", True),
        ("[::1]", "http://[::1]", True),
    ],
)
def test_a_host_that_a_person_trusts(text: str, url: str, matches: bool) -> None:
    origin = Origin.parse(url)
    assert origin is not None
    assert HostPattern.parse(text).matches(origin) is matches


@pytest.mark.parametrize(
    "text", ["", "*", "*.example.com", "a/b", "user@host", "https://host/path", "host:port", "a b"]
)
def test_what_is_no_host_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a host"):
        HostPattern.parse(text)
