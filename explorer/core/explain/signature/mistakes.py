"""The known mistakes of programs that sign requests, one entry each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from explorer.core.auth.signature_recipe import SignatureParameter
    from explorer.core.explain.signature.case import SearchContext, SigningCase


MistakeVariant = tuple["SigningCase", str]
"""A case with the mistake in it, and what exactly was done (empty where the title says it all)."""


@dataclass(frozen=True)
class DescribedMistake:
    """``title`` says what the other program did, ``why`` what is wrong with it, ``mend`` what to do."""

    id: str
    title: str
    why: str
    fix: str


class Mistake(DescribedMistake, ABC):
    """A mistake that can be made again, to see whether it gives the same."""

    @abstractmethod
    def variants(self, case: SigningCase, known: SearchContext) -> Iterator[MistakeVariant]:
        """Every way in which the mistake is made; none where it cannot be."""


@dataclass(frozen=True)
class RecipeMistake(Mistake):
    """Other choices in the recipe: detail → fields."""

    changes: dict[str, dict[str, Any]] = field(default_factory=dict)

    def variants(self, case: SigningCase, known: SearchContext) -> Iterator[MistakeVariant]:  # noqa: ARG002 - the same for all
        for detail, fields in self.changes.items():
            if any(getattr(case.recipe, name) != value for name, value in fields.items()):
                yield case.with_recipe(**fields), detail


class PrefixMistake(Mistake):
    """Host or root path before the path."""

    def variants(self, case: SigningCase, known: SearchContext) -> Iterator[MistakeVariant]:  # noqa: ARG002 - of the material only
        origin, root = case.material.origin, case.material.root.strip("/")
        host = origin.partition("://")[2]
        whole = [f"{origin}/{root}/", f"{host}/{root}/"] if root else []
        for lead in dict.fromkeys([*whole, f"{origin}/", f"{host}/"] if host else []):
            yield case.with_recipe(lead=lead), f"it begins with {lead}"


class BasePathMistake(Mistake):
    """The path of the base URL before the path."""

    def variants(self, case: SigningCase, known: SearchContext) -> Iterator[MistakeVariant]:  # noqa: ARG002 - of the material only
        root = case.material.root.strip("/")
        for lead in (f"{root}/", f"/{root}/") if root else ():
            yield case.with_recipe(lead=lead), f"it begins with {lead}"


class MethodMistake(Mistake):
    """The HTTP method before the path."""

    def variants(self, case: SigningCase, known: SearchContext) -> Iterator[MistakeVariant]:  # noqa: ARG002 - of the material only
        for word in (case.material.method, case.material.method.lower()):
            for sign, name in (("&", "&"), ("\n", "a newline"), (" ", "a space"), ("", "nothing")):
                yield case.with_recipe(lead=word + sign), f"{word} and {name} stand before the path"


class PathCaseMistake(Mistake):
    """The path in other letters."""

    def variants(self, case: SigningCase, known: SearchContext) -> Iterator[MistakeVariant]:  # noqa: ARG002 - of the material only
        for path in (case.material.path.lower(), case.material.path.upper()):
            if path != case.material.path:
                yield replace(case, material=replace(case.material, path=path)), ""


class MissingAtSignMistake(Mistake):
    """The id without its ``@``."""

    def variants(self, case: SigningCase, known: SearchContext) -> Iterator[MistakeVariant]:
        key_id = case.value(known.id_param) or ""
        if "@" in key_id:
            yield case.with_value(known.id_param, key_id.replace("@", "")), "it is lost"
            yield case.with_value(known.id_param, key_id.replace("@", "%40")), "it is escaped as %40"
            yield case.with_value(known.id_param, key_id.partition("@")[0]), "what follows it is lost too"


class MillisecondsMistake(Mistake):
    """Milliseconds where seconds are due, or the other way round."""

    def variants(self, case: SigningCase, known: SearchContext) -> Iterator[MistakeVariant]:
        stamp = case.value(known.timestamp_param) or ""
        if stamp.isdigit() and len(stamp) < 12:
            yield case.with_value(known.timestamp_param, f"{stamp}000"), f"{stamp}000 was signed"
        elif stamp.isdigit():
            seconds = stamp[:-3]
            yield case.with_value(known.timestamp_param, seconds), f"{seconds} was signed, {stamp} was sent"
        if stamp.isdigit():
            yield case.with_value(known.timestamp_param, f"{stamp}.0"), f"{stamp}.0 was signed"


class UnsignedParameterMistake(Mistake):
    """The id or the time is not signed."""

    def variants(self, case: SigningCase, known: SearchContext) -> Iterator[MistakeVariant]:
        names = (known.timestamp_param, known.id_param)
        for left in ((names[0],), (names[1],), names):
            if all(left):
                yield case.with_recipe(left_out=left), f"without {' and '.join(left)}"


class SelfSignedMistake(Mistake):
    """The signature's own parameter is signed too."""

    def variants(self, case: SigningCase, known: SearchContext) -> Iterator[MistakeVariant]:  # noqa: ARG002 - of the recipe only
        name = case.recipe.signature_param
        given = case.value(name)
        if given:
            yield case.with_recipe(own_signature=given), f"with a value of {len(given)} characters"
        yield case.with_recipe(own_signature=""), f"{name}= with an empty value"
        for text in ("null", "None", "0"):
            yield case.with_recipe(own_signature=text), f"{name}={text}"


class WrongKeyMistake(Mistake):
    """Another secret of the same vault."""

    def variants(self, case: SigningCase, known: SearchContext) -> Iterator[MistakeVariant]:
        for key in known.keys:
            if key.secret != case.key.secret:
                yield replace(case, key=key), f"it is {key.name} ({key.secret.fingerprint()})"


class MissingParametersMistake(Mistake):
    """Parameters of one place are not signed."""

    def variants(self, case: SigningCase, known: SearchContext) -> Iterator[MistakeVariant]:  # noqa: ARG002 - of the material only
        places = {part.place for part in case.material.parts}
        for place, word in (("body", "of the body"), ("query", "of the query")):
            if place in places:
                parts: tuple[SignatureParameter, ...] = tuple(
                    part for part in case.material.parts if part.place != place
                )
                yield replace(case, material=replace(case.material, parts=parts)), f"those {word} are missing"


MISTAKES: Final[tuple[Mistake, ...]] = (
    RecipeMistake(
        "escaped",
        "the values are escaped in the base string",
        "The base string holds what the parameters mean, not how a URL spells them.",
        "Join the decoded values; escape only what goes into the URL.",
        {"": {"values": "percent"}, "with small hex digits": {"values": "percent_lower"}},
    ),
    RecipeMistake(
        "plus_for_space",
        "a space is written as + in the base string",
        "A + for a space is how forms travel; what is signed has the space itself.",
        "Sign the space as it is, and escape after signing.",
        {"form-encoded": {"values": "plus"}, "nothing else is escaped": {"values": "blank_plus"}},
    ),
    RecipeMistake(
        "double_encoding",
        "the values are escaped twice",
        "Values that were escaped already were escaped again.",
        "Keep values decoded until the URL is made; escape them there, once.",
        {"": {"values": "double"}, "they were sent escaped twice and signed as meant": {"values": "once_more"}},
    ),
    RecipeMistake(
        "unsorted",
        "the parameters are not sorted",
        "They are signed in the order in which the program happened to have them.",
        "Sort by key before joining, those of the signature among them.",
        {
            "they stand in the order of the request": {"order": "sent"},
            "those of the signature are put last": {"order": "auth_last"},
            "those of the signature are put first": {"order": "auth_first"},
            "they are sorted backwards": {"order": "reversed"},
            "key=value was sorted, not the key": {"order": "pairs"},
        },
    ),
    RecipeMistake(
        "natural_order",
        "the parameters are in natural order",
        "item2 stands before item10, as people count; by their bytes item10 stands before item1_ and item2.",
        "Compare keys byte by byte, without any natural or numeric flag.",
        {"": {"order": "natural"}},
    ),
    RecipeMistake(
        "locale_order",
        "the parameters are in the order of a locale",
        "Capitals and small letters are sorted alike, or signs such as _ are passed over.",
        "Compare keys byte by byte (LC_ALL=C); capitals stand before small letters, and _ between the two.",
        {"without regard to case": {"order": "caseless"}, "as words are sorted": {"order": "locale"}},
    ),
    RecipeMistake(
        "format",
        "the format is in the base string",
        "The ending of the path (.json, .xml) says how to answer and is not signed.",
        "Cut the ending off before signing.",
        {"": {"strip_suffix": False}},
    ),
    PrefixMistake(
        "host",
        "the host is in the base string",
        "What is signed begins with the version, not with a URL.",
        "Cut off scheme, host and the path of the base URL.",
    ),
    BasePathMistake(
        "root_path",
        "the path of the base URL is in the base string",
        "What is signed begins with the version.",
        "Cut off what stands before the version.",
    ),
    RecipeMistake(
        "version_missing",
        "the version is missing in the base string",
        "The first part of the path is signed too.",
        "Begin with the version, as the URL has it.",
        {"": {"skip_segments": 1}},
    ),
    RecipeMistake(
        "leading_slash",
        "the base string begins with a slash",
        "The path is signed without the slash before it.",
        "Cut off the leading slash.",
        {"": {"lead": "/"}},
    ),
    PathCaseMistake(
        "path_case",
        "the path is in other letters than the URL",
        "The path is signed as it is sent.",
        "Do not change its letters.",
    ),
    MethodMistake(
        "method",
        "the HTTP method is in the base string",
        "Other vendors sign the method; this recipe does not.",
        "Leave it out.",
    ),
    RecipeMistake(
        "separator",
        "path and parameters are joined otherwise",
        "One question mark stands between the two.",
        "Join them with a question mark.",
        {
            "nothing between them": {"base": "{path}{query}"},
            "& between them": {"base": "{path}&{query}"},
            "a newline between them": {"base": "{path}\n{query}"},
            "the path is missing": {"base": "{query}"},
        },
    ),
    RecipeMistake(
        "files",
        "uploaded files are in the base string",
        "Neither names nor contents of files are signed.",
        "Leave file fields out before joining.",
        {"by their names": {"files": "name"}, "by their paths": {"files": "path"}, "as empty": {"files": "empty"}},
    ),
    RecipeMistake(
        "empty_dropped",
        "empty values are dropped",
        "A parameter that is sent empty is signed as key=.",
        "Sign every parameter that is sent; or do not send the empty ones.",
        {"": {"keep_empty": False}, "they lost their =": {"bare_empty": True}},
    ),
    SelfSignedMistake(
        "signature_included",
        "the signature's own parameter is in the base string",
        "The signature cannot be part of what it signs.",
        "Take it out before signing; add it last.",
    ),
    UnsignedParameterMistake(
        "auth_missing",
        "parameters of the signature are missing in the base string",
        "Id and time are parameters like others and are signed.",
        "Add them before sorting.",
    ),
    MissingParametersMistake(
        "place_missing",
        "only a part of the parameters is signed",
        "All text parameters of a request are signed, wherever they stand.",
        "Collect those of the query and those of the body.",
    ),
    RecipeMistake(
        "trimmed",
        "blanks around values are cut off",
        "What is signed has to be what is sent.",
        "Trim before both, or before neither.",
        {"": {"trimmed": True}},
    ),
    RecipeMistake(
        "html",
        "the base string is HTML-escaped",
        "It was copied from a page, or went through a template.",
        "Sign the plain text, with & between parameters.",
        {"": {"values": "html"}},
    ),
    RecipeMistake(
        "charset",
        "the text is not in UTF-8",
        "The bytes of letters beyond ASCII differ.",
        "Encode as UTF-8 before signing.",
        {"it is in Latin-1": {"charset": "latin-1"}, "it is in UTF-16": {"charset": "utf-16-le"}},
    ),
    RecipeMistake(
        "newline",
        "a newline stands at the end of the base string",
        "Shells and editors add one: echo does, echo -n and printf do not.",
        "Sign the text without its line end.",
        {"": {"ending": "\n"}, "a carriage return too": {"ending": "\r\n"}},
    ),
    RecipeMistake(
        "upper_hex",
        "the signature is in capitals",
        "It is compared as text.",
        "Write the hexadecimal digits small.",
        {"": {"output": "HEX"}},
    ),
    RecipeMistake(
        "base64",
        "the signature is base64",
        "The recipe writes the digest in hexadecimal.",
        "Write the bytes of the digest as hexadecimal digits.",
        {
            "": {"output": "base64"},
            "the kind for URLs": {"output": "base64url"},
            "of the hexadecimal digits": {"output": "base64_of_hex"},
        },
    ),
    WrongKeyMistake(
        "wrong_secret",
        "another secret of the vault is the key",
        "Each environment and each key id has a secret of its own.",
        "Take the secret that belongs to the id, in the environment that is called.",
    ),
    RecipeMistake(
        "newline_in_key",
        "a newline stands at the end of the key",
        "It came along from the file or variable that the secret was read from.",
        "Strip the line end when the secret is read.",
        {"": {"key_ending": "\n"}, "a carriage return too": {"key_ending": "\r\n"}},
    ),
    RecipeMistake(
        "key_decoded",
        "the key was decoded before use",
        "The letters of the secret are the key, not what they might stand for.",
        "Use the text of the secret as it is.",
        {"from base64": {"key_form": "base64"}, "from hexadecimal": {"key_form": "hex"}},
    ),
    RecipeMistake(
        "no_hmac",
        "it is a plain hash, no HMAC",
        "A hash over key and text is another thing than an HMAC (RFC 2104).",
        "Use the HMAC function of your library.",
        {
            "of the key and the text": {"keyed": "key_first"},
            "of the text and the key": {"keyed": "key_last"},
            "of the text alone, without any key": {"keyed": "none"},
        },
    ),
    RecipeMistake(
        "swapped",
        "key and text are exchanged",
        "Libraries differ in which of the two comes first.",
        "Look up the order of the arguments: PHP has the text before the key.",
        {"": {"keyed": "swapped"}},
    ),
    RecipeMistake(
        "digest",
        "another hash function is used",
        "The recipe asks for SHA-256.",
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
        "the time is in milliseconds",
        "A Unix time counts seconds; it has ten digits.",
        "Divide by 1000 and cut off the rest, and sign what is sent.",
    ),
    MissingAtSignMistake(
        "lost_at",
        "the @ of the id is not signed as it is",
        "The id is signed with its @, decoded.",
        "Sign the whole id; in a URL its @ may be written %40.",
    ),
)
BY_ID: Final = {one.id: one for one in MISTAKES}
