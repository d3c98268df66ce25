"""Registry of known mistakes in clients that sign requests."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from explorer.core.auth.signature_recipe import SignatureParameter
    from explorer.core.explain.signature.case import SearchContext, SigningCase


MistakeVariant = tuple["SigningCase", str]
"""A case with the mistake applied, and a detail for the user (empty if the title is enough)."""


@dataclass(frozen=True)
class DescribedMistake:
    """``title`` is what the other client did, ``why`` the reason that it is wrong, ``fix`` what to do."""

    id: str
    title: str
    why: str
    fix: str


class Mistake(DescribedMistake, ABC):
    """A mistake that can be reproduced, to compare its result with the other client's."""

    @abstractmethod
    def variants(self, case: SigningCase, context: SearchContext) -> Iterator[MistakeVariant]:
        """Yield every variant of the mistake; nothing if it does not apply."""


@dataclass(frozen=True)
class RecipeMistake(Mistake):
    """A mistake in the recipe. ``changes`` maps a detail to the recipe fields that it sets."""

    changes: dict[str, dict[str, Any]] = field(default_factory=dict)

    def variants(self, case: SigningCase, context: SearchContext) -> Iterator[MistakeVariant]:  # noqa: ARG002 - not needed
        for detail, fields in self.changes.items():
            if any(getattr(case.recipe, name) != value for name, value in fields.items()):
                yield case.with_recipe(**fields), detail


class PrefixMistake(Mistake):
    """The host or the base URL in front of the path."""

    def variants(self, case: SigningCase, context: SearchContext) -> Iterator[MistakeVariant]:  # noqa: ARG002 - not needed
        origin, root = case.material.origin, case.material.root.strip("/")
        host = origin.partition("://")[2]
        whole = [f"{origin}/{root}/", f"{host}/{root}/"] if root else []
        for lead in dict.fromkeys([*whole, f"{origin}/", f"{host}/"] if host else []):
            yield case.with_recipe(lead=lead), f"it starts with {lead}"


class BasePathMistake(Mistake):
    """The base URL's path in front of the path."""

    def variants(self, case: SigningCase, context: SearchContext) -> Iterator[MistakeVariant]:  # noqa: ARG002 - not needed
        root = case.material.root.strip("/")
        for lead in (f"{root}/", f"/{root}/") if root else ():
            yield case.with_recipe(lead=lead), f"it starts with {lead}"


class MethodMistake(Mistake):
    """The HTTP method in front of the path."""

    def variants(self, case: SigningCase, context: SearchContext) -> Iterator[MistakeVariant]:  # noqa: ARG002 - not needed
        separators = (("&", " and &"), ("\n", " and a newline"), (" ", " and a space"), ("", ""))
        for method in (case.material.method, case.material.method.lower()):
            for separator, name in separators:
                yield case.with_recipe(lead=method + separator), f"{method}{name} before the path"


class PathCaseMistake(Mistake):
    """The path in lowercase or uppercase."""

    def variants(self, case: SigningCase, context: SearchContext) -> Iterator[MistakeVariant]:  # noqa: ARG002 - not needed
        for path in (case.material.path.lower(), case.material.path.upper()):
            if path != case.material.path:
                yield replace(case, material=replace(case.material, path=path)), ""


class MissingAtSignMistake(Mistake):
    """The key id without its ``@``."""

    def variants(self, case: SigningCase, context: SearchContext) -> Iterator[MistakeVariant]:
        key_id = case.value(context.id_param) or ""
        if "@" in key_id:
            yield case.with_value(context.id_param, key_id.replace("@", "")), "the @ is removed"
            yield case.with_value(context.id_param, key_id.replace("@", "%40")), "the @ is encoded as %40"
            yield (
                case.with_value(context.id_param, key_id.partition("@")[0]),
                "the @ and everything after it are removed",
            )


class MillisecondsMistake(Mistake):
    """Milliseconds instead of seconds, or the other way round."""

    def variants(self, case: SigningCase, context: SearchContext) -> Iterator[MistakeVariant]:
        stamp = case.value(context.timestamp_param) or ""
        if stamp.isdigit() and len(stamp) < 12:
            yield case.with_value(context.timestamp_param, f"{stamp}000"), f"{stamp}000 was signed"
        elif stamp.isdigit():
            seconds = stamp[:-3]
            yield case.with_value(context.timestamp_param, seconds), f"{seconds} was signed, {stamp} was sent"
        if stamp.isdigit():
            yield case.with_value(context.timestamp_param, f"{stamp}.0"), f"{stamp}.0 was signed"


class UnsignedParameterMistake(Mistake):
    """The key id or the timestamp is not signed."""

    def variants(self, case: SigningCase, context: SearchContext) -> Iterator[MistakeVariant]:
        names = (context.timestamp_param, context.id_param)
        for excluded in ((names[0],), (names[1],), names):
            if all(excluded):
                yield case.with_recipe(left_out=excluded), f"without {' and '.join(excluded)}"


class SelfSignedMistake(Mistake):
    """The signature parameter itself is signed."""

    def variants(self, case: SigningCase, context: SearchContext) -> Iterator[MistakeVariant]:  # noqa: ARG002 - not needed
        name = case.recipe.signature_param
        signature = case.value(name)
        if signature:
            yield case.with_recipe(own_signature=signature), f"with a value of {len(signature)} characters"
        yield case.with_recipe(own_signature=""), f"{name}= with an empty value"
        for value in ("null", "None", "0"):
            yield case.with_recipe(own_signature=value), f"{name}={value}"


class WrongKeyMistake(Mistake):
    """Another secret from the same vault."""

    def variants(self, case: SigningCase, context: SearchContext) -> Iterator[MistakeVariant]:
        for key in context.keys:
            if key.secret != case.key.secret:
                yield replace(case, key=key), f"{key.name} ({key.secret.fingerprint()})"


class MissingParametersMistake(Mistake):
    """The query or the body parameters are not signed."""

    def variants(self, case: SigningCase, context: SearchContext) -> Iterator[MistakeVariant]:  # noqa: ARG002 - not needed
        places = {part.place for part in case.material.parts}
        for place in ("body", "query"):
            if place in places:
                parts: tuple[SignatureParameter, ...] = tuple(
                    part for part in case.material.parts if part.place != place
                )
                detail = f"the {place} parameters are missing"
                yield replace(case, material=replace(case.material, parts=parts)), detail


MISTAKES: Final[tuple[Mistake, ...]] = (
    RecipeMistake(
        "escaped",
        "the values are percent-encoded in the base string",
        "The base string contains the decoded values, not their URL encoding.",
        "Join the decoded values; encode them only in the URL.",
        {"": {"values": "percent"}, "with lowercase hex digits": {"values": "percent_lower"}},
    ),
    RecipeMistake(
        "plus_for_space",
        "spaces are encoded as + in the base string",
        "Form encoding writes a space as +; the base string contains the space itself.",
        "Sign the space unchanged, and encode after signing.",
        {"form-encoded": {"values": "plus"}, "nothing else is encoded": {"values": "blank_plus"}},
    ),
    RecipeMistake(
        "double_encoding",
        "the values are percent-encoded twice",
        "Values that were already encoded were encoded again.",
        "Keep values decoded until you build the URL, and encode them there once.",
        {"": {"values": "double"}, "they were sent encoded twice and signed decoded": {"values": "once_more"}},
    ),
    RecipeMistake(
        "unsorted",
        "the parameters are not sorted",
        "The vendor sorts the parameters by key before it signs them.",
        "Sort all parameters by key before joining, including the key id and the timestamp.",
        {
            "they are in request order": {"order": "sent"},
            "the signature's parameters are last": {"order": "auth_last"},
            "the signature's parameters are first": {"order": "auth_first"},
            "they are in reverse order": {"order": "reversed"},
            "sorted by key=value, not by key": {"order": "pairs"},
        },
    ),
    RecipeMistake(
        "natural_order",
        "the parameters are in natural sort order",
        "Natural order puts item2 before item10; byte order puts item10 before item1_ and item2.",
        "Compare keys byte by byte, without a natural or numeric sort flag.",
        {"": {"order": "natural"}},
    ),
    RecipeMistake(
        "locale_order",
        "the parameters are in locale order",
        "A locale ignores letter case, or characters such as _.",
        "Compare keys byte by byte (LC_ALL=C): uppercase first, then _, then lowercase.",
        {"case-insensitive": {"order": "caseless"}, "in dictionary order": {"order": "locale"}},
    ),
    RecipeMistake(
        "format",
        "the format suffix is in the base string",
        "The suffix of the path (.json, .xml) selects the response format and is not signed.",
        "Remove the suffix before signing.",
        {"": {"strip_suffix": False}},
    ),
    PrefixMistake(
        "host",
        "the host is in the base string",
        "The base string starts with the version, not with a URL.",
        "Remove the scheme, the host and the base URL's path.",
    ),
    BasePathMistake(
        "root_path",
        "the base URL's path is in the base string",
        "The base string starts with the version.",
        "Remove everything before the version.",
    ),
    RecipeMistake(
        "version_missing",
        "the version is missing from the base string",
        "The first segment of the path is signed too.",
        "Start with the version, as in the URL.",
        {"": {"skip_segments": 1}},
    ),
    RecipeMistake(
        "leading_slash",
        "the base string starts with a slash",
        "The path is signed without its leading slash.",
        "Remove the leading slash.",
        {"": {"lead": "/"}},
    ),
    PathCaseMistake(
        "path_case",
        "the path has different letter case than the URL",
        "The path is signed exactly as it is sent.",
        "Do not change its case.",
    ),
    MethodMistake(
        "method",
        "the HTTP method is in the base string",
        "Some vendors sign the method; this one does not.",
        "Remove it.",
    ),
    RecipeMistake(
        "separator",
        "path and parameters are joined by the wrong separator",
        "They are separated by a question mark.",
        "Join them with one question mark.",
        {
            "none": {"base": "{path}{query}"},
            "&": {"base": "{path}&{query}"},
            "a newline": {"base": "{path}\n{query}"},
            "the path is missing": {"base": "{query}"},
        },
    ),
    RecipeMistake(
        "files",
        "uploaded files are in the base string",
        "Neither the names nor the contents of files are signed.",
        "Remove file fields before joining.",
        {"by name": {"files": "name"}, "by path": {"files": "path"}, "as empty values": {"files": "empty"}},
    ),
    RecipeMistake(
        "empty_dropped",
        "empty values are dropped",
        "An empty parameter is signed as key=.",
        "Sign every parameter you send, or do not send empty ones.",
        {"": {"keep_empty": False}, "without their =": {"bare_empty": True}},
    ),
    SelfSignedMistake(
        "signature_included",
        "the signature parameter is in the base string",
        "A signature cannot sign itself.",
        "Remove it before signing, and add it last.",
    ),
    UnsignedParameterMistake(
        "auth_missing",
        "the key id or the timestamp is missing from the base string",
        "Both are signed like any other parameter.",
        "Add them before sorting.",
    ),
    MissingParametersMistake(
        "place_missing",
        "only some of the parameters are signed",
        "All text parameters are signed, from the query and from the body.",
        "Collect the parameters of both.",
    ),
    RecipeMistake(
        "trimmed",
        "whitespace around values is trimmed",
        "The signed values must be the values that are sent.",
        "Trim before both signing and sending, or not at all.",
        {"": {"trimmed": True}},
    ),
    RecipeMistake(
        "html",
        "the base string is HTML-escaped",
        "It was copied from a web page or rendered by a template.",
        "Sign the plain string, with & between parameters.",
        {"": {"values": "html"}},
    ),
    RecipeMistake(
        "charset",
        "the base string is not encoded as UTF-8",
        "Non-ASCII characters have different bytes in other encodings.",
        "Encode as UTF-8 before signing.",
        {"Latin-1": {"charset": "latin-1"}, "UTF-16": {"charset": "utf-16-le"}},
    ),
    RecipeMistake(
        "newline",
        "the base string ends with a newline",
        "Shells and editors add one: echo does, echo -n and printf do not.",
        "Remove the newline before signing.",
        {"": {"ending": "\n"}, "and a carriage return": {"ending": "\r\n"}},
    ),
    RecipeMistake(
        "upper_hex",
        "the signature is in uppercase",
        "Signatures are compared as strings, so case matters.",
        "Use lowercase hex digits.",
        {"": {"output": "HEX"}},
    ),
    RecipeMistake(
        "base64",
        "the signature is in Base64",
        "The vendor expects the digest in hex.",
        "Encode the bytes of the digest as hex digits.",
        {
            "": {"output": "base64"},
            "URL-safe": {"output": "base64url"},
            "of the hex digits": {"output": "base64_of_hex"},
        },
    ),
    WrongKeyMistake(
        "wrong_secret",
        "it is signed with another secret from the vault",
        "Each environment and each key id has its own secret.",
        "Use the secret of this key id in the environment you call.",
    ),
    RecipeMistake(
        "newline_in_key",
        "the key ends with a newline",
        "The newline was read along with the secret from a file or variable.",
        "Strip the newline when you read the secret.",
        {"": {"key_ending": "\n"}, "and a carriage return": {"key_ending": "\r\n"}},
    ),
    RecipeMistake(
        "key_decoded",
        "the key was decoded before use",
        "The key is the secret string itself, even if it looks encoded.",
        "Use the secret string unchanged.",
        {"from Base64": {"key_form": "base64"}, "from hex": {"key_form": "hex"}},
    ),
    RecipeMistake(
        "no_hmac",
        "it is a plain hash, not an HMAC",
        "A hash of key and base string is not an HMAC (RFC 2104).",
        "Use the HMAC function of your library.",
        {
            "of the key and the base string": {"keyed": "key_first"},
            "of the base string and the key": {"keyed": "key_last"},
            "of the base string, without a key": {"keyed": "none"},
        },
    ),
    RecipeMistake(
        "swapped",
        "key and base string are swapped",
        "Libraries differ in the order of these arguments.",
        "Check the argument order: in PHP the data comes before the key.",
        {"": {"keyed": "swapped"}},
    ),
    RecipeMistake(
        "digest",
        "the hash function is wrong",
        "The vendor expects SHA-256.",
        "Use HMAC with SHA-256.",
        {
            "MD5": {"digest": "md5"},
            "SHA-1": {"digest": "sha1"},
            "SHA-512": {"digest": "sha512"},
            "SHA-384": {"digest": "sha384"},
        },
    ),
    MillisecondsMistake(
        "milliseconds",
        "the timestamp is in milliseconds",
        "A Unix timestamp counts seconds and has ten digits.",
        "Divide by 1000, drop the fraction, and sign the value you send.",
    ),
    MissingAtSignMistake(
        "lost_at",
        "the @ in the key id is removed or encoded",
        "The key id is signed decoded, with its @.",
        "Sign the complete key id; only in the URL may its @ be %40.",
    ),
)
BY_ID: Final = {mistake.id: mistake for mistake in MISTAKES}
