"""Secret fields are masked by name: at every depth, in every kind of value, however the name is written."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from explorer.core.model import (
    Call,
    Exchange,
    Failure,
    Header,
    Hop,
    ReceivedResponse,
    RejectedField,
    RequestContext,
    SentRequest,
    Verdict,
)
from explorer.core.redaction import Redactor
from explorer.core.text.secret import MASK, Secret
from tests.core.shop import endpoint, entries, vendor

if TYPE_CHECKING:
    from explorer.core.catalog import Catalog

JSON = "application/json"
HIDDEN = "hunter2-hunter2"


def masked(text: str, kind: str = JSON) -> str:
    """*text* as a body without its secrets."""
    return Redactor(vendor()).body(text.encode(), kind).decode()


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ('{"pin": "x"}', f'{{"pin": "{MASK}"}}'),
        ('{"a": {"b": [{"pin": "x", "c": 1}]}}', f'{{"a": {{"b": [{{"pin": "{MASK}", "c": 1}}]}}}}'),
        ('{"pin": -12.50e3, "n": 1.0}', f'{{"pin": "{MASK}", "n": 1.0}}'),
        ('{"pin": true, "b": false}', f'{{"pin": "{MASK}", "b": false}}'),
        ('{"pin": null}', '{"pin": null}'),
        ('{"pin": ["x", 7, null, false], "n": 1}', f'{{"pin": ["{MASK}", "{MASK}", null, "{MASK}"], "n": 1}}'),
        ('{"pin": {"new": "x", "n": [7]}, "o": 1}', f'{{"pin": {{"new": "{MASK}", "n": ["{MASK}"]}}, "o": 1}}'),
        ('{"PIN": "x", "Password": "y"}', f'{{"PIN": "{MASK}", "Password": "{MASK}"}}'),
        (r'{"pass\u0077ord": "x"}', rf'{{"pass\u0077ord": "{MASK}"}}'),
        (r'{"pin": "a\"b\\"}', f'{{"pin": "{MASK}"}}'),
        ('{"accessToken": "x", "access-token": "y", "ACCESS_TOKEN": "z"}', None),
        ('{"pin" \n : \t "x"}', f'{{"pin" \n : \t "{MASK}"}}'),
        ('{"pin": "cut', f'{{"pin": "{MASK}'),
    ],
)
def test_every_kind_of_value_is_masked_by_name(body: str, shown: str | None) -> None:
    expected = shown or f'{{"accessToken": "{MASK}", "access-token": "{MASK}", "ACCESS_TOKEN": "{MASK}"}}'
    assert masked(body) == expected


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_json_in_a_string_of_json_is_masked_and_stays_json(levels: int) -> None:
    value: Any = {"password": 'q"\\x', "pin": 12, "deep": {"tokens": [1], "token": ["t", True]}}
    for _ in range(levels):
        value = {"payload": json.dumps(value), "note": "n"}
    shown = json.loads(masked(json.dumps(value)))
    for _ in range(levels):
        assert shown["note"] == "n"
        shown = json.loads(shown["payload"])
    assert shown == {"password": MASK, "pin": MASK, "deep": {"tokens": [1], "token": [MASK, MASK]}}


def test_what_a_vendor_says_of_a_secret_field_stays() -> None:
    body = '{"errors": {"password": ["The password field is required."], "pin": ["x"]}}'
    assert masked(body) == body.replace('"x"', f'"{MASK}"')


def test_xml_is_masked_with_prefixes_elements_and_cdata() -> None:
    body = "<r><n:password a='1'><v>x</v> <w>y</w></n:password><cvv><![CDATA[1<2>]]></cvv><pin>9</pin><q>1</q></r>"
    m = MASK
    expected = f"<r><n:password a='1'><v>{m}</v> <w>{m}</w></n:password><cvv>{m}</cvv><pin>{m}</pin><q>1</q></r>"
    assert masked(body, "text/xml") == expected
    assert masked("Bearer <token>, then more", "text/plain") == "Bearer <token>, then more"


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("<user name='ada' password='x'/>", f"<user name='ada' password='{MASK}'/>"),
        ('<a:user\n n="a>b"\n a:Password = "x y">z</a:user>', f'<a:user\n n="a>b"\n a:Password = "{MASK}">z</a:user>'),
        (
            '<r><u pin="7"><v access-token="t" n="1"/></u></r>',
            f'<r><u pin="{MASK}"><v access-token="{MASK}" n="1"/></u></r>',
        ),
        ('<user password="">', '<user password="">'),
        ('<user spin="x" pins="y"> pin="z" </user>', '<user spin="x" pins="y"> pin="z" </user>'),
        ('<pin password="x"><v>y</v></pin>', f'<pin password="{MASK}"><v>{MASK}</v></pin>'),
    ],
)
def test_attributes_of_xml_are_masked_by_name(body: str, shown: str) -> None:
    assert masked(body, "text/xml") == shown


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_attributes_in_a_string_of_json_are_masked_and_it_stays_json(levels: int) -> None:
    value = '<user id="1"\n password="x">'
    for _ in range(levels):
        value = json.dumps({"xml": value, "hint": "<b password=", "next": "n"})
    shown = masked(value)
    for _ in range(levels):
        shown = json.loads(shown)["xml"]
    assert shown == f'<user id="1"\n password="{MASK}">'


def test_urls_are_masked_in_fragments_links_and_parameters() -> None:
    redactor = Redactor(vendor())
    assert redactor.url("https://a.example/cb#access_token=abc&n=1") == f"https://a.example/cb#access_token={MASK}&n=1"
    assert redactor.url("/in?next=%2Fcb%3Ftoken%3Dabc%26n%3D1") == f"/in?next=%2Fcb%3Ftoken%3D{MASK}%26n%3D1"
    link = '<https://a.example/?token=abc>; rel="next", <https://a.example/?p=2&token=abc>; rel="last"'
    assert redactor.headers([("Link", link)])[0][1] == link.replace("abc", MASK)
    assert redactor.headers([("X-Auth-Token", "abc"), ("Idempotency-Key", "abc")])[0][1] == MASK
    assert redactor.headers([("Idempotency-Key", "abc")])[0][1] == "abc"


def test_a_nested_json_entry_is_masked_by_name_in_a_request() -> None:
    call = Call(
        vendor="shop", endpoint="buy", entries=entries('tags[]:=[{"pin": 7, "n": 1}]', "pin=4711", "user.password=x")
    )
    shown = Redactor(vendor()).call(endpoint("buy"), call)
    assert [entry.value for entry in shown.entries] == [f'[{{"pin": "{MASK}", "n": 1}}]', MASK, MASK]


def test_no_documented_sample_is_changed_but_where_it_shows_a_secret(shipped: Catalog) -> None:
    """The names that are secret everywhere are none that a document uses for something else."""
    secret = {"token", "password", "access_token", "refresh_token"}
    for shop in shipped.vendors.values():
        redactor = Redactor(shop)
        for call in shop.endpoints.values():
            for sample in call.samples:
                shown = redactor.body(sample.body.encode(), sample.media_type).decode()
                if shown != sample.body:
                    assert any(f'"{name}"' in sample.body for name in secret), (shop.title, call.id, shown)


# --- what was sent, and is repeated ----------------------------------------------------------------------------------


def kept(body: str, *, headers: tuple[Header, ...] = (), request: SentRequest | None = None, **parts: Any) -> str:
    """The body as it is kept, of a response to *request* or to a call with *parts*."""
    exchange = Exchange(
        call=Call(vendor="shop", endpoint="buy", **parts),
        started_at=0,
        request=request or SentRequest(method="PUT", url="https://x.example/"),
        response=ReceivedResponse(status=200, headers=headers, body=body.encode()),
    )
    response = Redactor(vendor()).exchange(endpoint("buy"), exchange).response
    assert response is not None
    return bytes(response.body).decode()


def sent(url: str = "https://x.example/", body: bytes = b"", **headers: str) -> SentRequest:
    """A request with these headers."""
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return SentRequest(method="POST", url=url, headers=pairs, body=body)


@pytest.mark.parametrize(
    "request_",
    [
        sent(X_Auth_Token=HIDDEN),
        sent(Authorization=f"Bearer {HIDDEN}"),
        sent(Authorization=f"Basic {base64.b64encode(f'ada:{HIDDEN}'.encode()).decode()}"),
        sent(Cookie=f"theme=dark; sid={HIDDEN}"),
        sent(f"https://x.example/?access_token={HIDDEN}"),
        sent(body=f"a=1&user%5Bpassword%5D={HIDDEN}".encode(), Content_Type="application/x-www-form-urlencoded"),
        sent(body=json.dumps({"a": [{"password": HIDDEN}]}).encode(), Content_Type=JSON),
        sent(body=f"<a><password>{HIDDEN}</password></a>".encode(), Content_Type="text/xml"),
        sent(
            body=f'--b\r\nContent-Disposition: form-data; name="pin"\r\n\r\n{HIDDEN}\r\n--b--\r\n'.encode(),
            Content_Type="multipart/form-data; boundary=b",
        ),
    ],
)
def test_a_secret_that_was_sent_is_masked_where_the_server_repeats_it(request_: SentRequest) -> None:
    assert kept(f'{{"echo": "got {HIDDEN} dark"}}', request=request_) == f'{{"echo": "got {MASK} dark"}}'


def test_what_was_typed_and_cookies_that_were_set_are_masked_where_they_are_repeated() -> None:
    body = f'{{"echo": "got {HIDDEN}"}}'
    assert HIDDEN not in kept(body, extra=(("access_token", HIDDEN),))
    assert HIDDEN not in kept(body, headers=(("Set-Cookie", f"sid={HIDDEN}; Path=/"),))
    assert HIDDEN not in kept(body, entries=entries(f"password={HIDDEN}"))
    assert kept(body, extra=(("page", HIDDEN),)) == body


def test_a_secret_is_masked_within_the_base64_of_a_longer_text() -> None:
    redactor = Redactor(vendor(), None, [Secret(HIDDEN)])
    for before in ("", "i", "id", "id:", "client:x:"):
        packed = base64.b64encode(f"{before}{HIDDEN}:more".encode()).decode()
        assert MASK in redactor.text(f"Basic {packed}")


# --- an exchange has no text that is left out ------------------------------------------------------------------------

WORDS = {"vendor", "endpoint", "environment", "method", "kind", "outcome", "purpose", "replayed"}
"""Fields that hold a word of the catalog or of the program."""


def filled(kind: type[msgspec.Struct], /, **parts: Any) -> Any:
    """A struct whose every text is the secret."""
    texts = {
        field.name: f"see {HIDDEN}"
        for field in msgspec.structs.fields(kind)
        if field.type is str and field.name not in WORDS
    }
    return kind(**{**texts, **parts})


def test_every_text_of_an_exchange_is_masked() -> None:
    request = filled(SentRequest, method="GET", headers=(("X-A", HIDDEN),), body=HIDDEN.encode())
    response = filled(ReceivedResponse, status=401, headers=(("X-A", HIDDEN),), body=HIDDEN.encode())
    exchange = filled(
        Exchange,
        call=filled(Call, vendor="shop", endpoint="buy", entries=entries(f"tags[]={HIDDEN}"), extra=(("a", HIDDEN),)),
        started_at=0,
        request=request,
        response=response,
        hops=(Hop(purpose="auth", request=request, response=response),),
        verdict=filled(Verdict, fields=(filled(RejectedField),)),
        failure=filled(Failure, kind="NoConnection"),
        problems=({"field": "pin", "message": f"'{HIDDEN}' is wrong"},),
        under=filled(RequestContext, used=(HIDDEN,), minted=(HIDDEN,)),
        lost=(HIDDEN,),
    )
    shown = Redactor(vendor(), None, [Secret(HIDDEN)]).exchange(endpoint("buy"), exchange)
    assert HIDDEN in repr(exchange)
    assert not [path for path, text in texts_of(shown) if HIDDEN in text]


def texts_of(value: Any, path: str = "") -> list[tuple[str, str]]:
    """Every text below *value*, with its path."""
    if isinstance(value, msgspec.Struct):
        value = {name: getattr(value, name) for name in value.__struct_fields__}
    if isinstance(value, dict):
        return [text for name, item in value.items() for text in texts_of(item, f"{path}.{name}")]
    if isinstance(value, tuple | list):
        return [text for index, item in enumerate(value) for text in texts_of(item, f"{path}[{index}]")]
    if isinstance(value, bytes):
        return [(path, value.decode())]
    return [(path, value)] if isinstance(value, str) else []


def test_a_code_that_quotes_a_secret_field_is_masked_by_name() -> None:
    exchange = Exchange(
        call=Call(vendor="shop", endpoint="buy", entries=entries("pin=12x")),
        started_at=0,
        request=SentRequest(method="PUT", url="https://x.example/"),
        verdict=Verdict(outcome="FAILED", code='{"password": "abc"}', message="token=abc, sorry"),
        problems=({"field": "pin", "message": "'12x' is too short"}, {"field": "city", "message": "missing"}),
    )
    shown = Redactor(vendor()).exchange(endpoint("buy"), exchange)
    assert shown.verdict.code == f'{{"password": "{MASK}"}}'
    assert shown.verdict.message == f"token={MASK}, sorry"
    assert shown.problems[0]["message"] == f"{MASK} is too short"
    assert shown.problems[1] == {"field": "city", "message": "missing"}
