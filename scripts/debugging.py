"""Keeps docs/DEBUGGING.md true: the table of mistakes holds what the debugger really answers.

python scripts/debugging.py --write    put the fresh table in
python scripts/debugging.py --check    exit 1 when it is stale

Each mistake is made in one request, and what is signed so is given to the debugger as somebody else's.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from explorer.core.auth.signature_recipe import SignatureInput, SignatureParameter, SignatureRecipe  # noqa: E402 - after the path
from explorer.core.explain.refusals.reasons import CHECKS  # noqa: E402
from explorer.core.explain.signature.case import SearchContext, SigningCase, SigningKey  # noqa: E402
from explorer.core.explain.signature.diagnosis import SKEW, diagnose  # noqa: E402
from explorer.core.explain.signature.mistakes import MISTAKES  # noqa: E402
from explorer.core.explain.signature.pasted_text import OtherClientInput, SignatureNames, read_other_client_input  # noqa: E402
from explorer.core.text.secret import Secret  # noqa: E402

if TYPE_CHECKING:
    from explorer.core.explain.signature.mistakes import Mistake

PAGE = ROOT / "docs" / "DEBUGGING.md"
NAMES = SignatureNames("auth_id", "auth_ts", "auth_sig")
KNOWN = SearchContext("auth_id", "auth_ts", 300.0, (SigningKey("secret of production", Secret("PrOdUcTiOn123456")),))
_PARTS = (
    SignatureParameter("name", " Caffè & Tea", "body"),
    SignatureParameter("item10_size", "L", "body"),
    SignatureParameter("item2_size", "S", "body"),
    SignatureParameter("Zone", "a/b", "query"),
    SignatureParameter("_draft", "", "body"),
    SignatureParameter("logo_file", "/home/me/logo.png", "file"),
    SignatureParameter("auth_id", "user123@mystore", "auth"),
    SignatureParameter("auth_ts", "1329130234", "auth"),
)


def case(path: str = "/v1/manage/edit_store.json") -> SigningCase:
    """One request, signed as it should be."""
    material = SignatureInput(path, _PARTS, "POST", "https://www.shop.example", "/api")
    return SigningCase(SignatureRecipe(), material, SigningKey("secret of test", Secret("aB3dE6gH9jK2mN5p")))


def rows() -> list[tuple[str, str, str, str]]:
    """Each mistake: its name, what was pasted, the debugger's answer, how to fix it."""
    return [_row(mistake) for mistake in (*MISTAKES, SKEW)]


def _row(mistake: Mistake) -> tuple[str, str, str, str]:
    right = case("/v1/Manage/Edit_Store.json" if mistake.id == "path_case" else "/v1/manage/edit_store.json")
    variants = list(mistake.variants(right, KNOWN))
    other, _ = next((one for one in variants if "2 h" in one[1]), variants[0])
    text = other.base if other.base != right.base and mistake is not SKEW else other.sign(other.base)
    pasted: OtherClientInput = read_other_client_input(text, NAMES, right.material)
    found = diagnose(right, pasted, KNOWN)
    kind = "base string" if pasted.kind == "base" else "signature"
    alone = len(found.causes) == 1 and found.causes[0].mistake.id == mistake.id
    answer = found.causes[0].text if alone else f"({found.verdict})"
    return mistake.id, kind, answer, mistake.fix


def table() -> str:
    """The table as Markdown."""
    lines = ["| mistake | pasted | the debugger says | how to fix it |", "|---|---|---|---|"]
    for name, kind, answer, mend in rows():
        shown = answer.replace("\n", "⏎").replace("|", "\\|")
        lines.append(f"| `{name}` | {kind} | {shown} | {mend} |")
    return "\n".join(lines)


def checks() -> str:
    """The table of the checks on a refusal, as Markdown."""
    lines = ["| check | what it would mean | explains | how to fix it |", "|---|---|---|---|"]
    lines += [f"| `{one.id}` | {one.title} | {_statuses(one.statuses)} | {one.fix} |" for one in CHECKS.values()]
    return "\n".join(lines)


def _statuses(statuses: frozenset[int]) -> str:
    numbers = sorted(statuses)
    return "5xx" if numbers[0] == 500 else ", ".join(map(str, numbers))


def with_fresh_tables(text: str) -> str:
    """The page with both tables as they are now."""
    for name, made in (("mistakes", table()), ("checks", checks())):
        before, start, rest = text.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition(f"<!-- /{name} -->")
        text = f"{before}{start}{made}\n{end}{after}"
    return text


def main() -> int:
    """Do what the option says; gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    for option in ("--write", "--check"):
        what.add_argument(option, action="store_true")
    options = parser.parse_args()
    text = PAGE.read_text(encoding="utf-8")
    fresh = with_fresh_tables(text)
    if options.write:
        PAGE.write_text(fresh, encoding="utf-8")
    elif fresh != text:
        print("docs/DEBUGGING.md is stale: run python scripts/debugging.py --write", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
