"""Change one place of the core at a time and see whether a test fails: `python scripts/mutate.py --seed 1 --count 100`.

The changes are drawn with a fixed seed from the modules of ``TESTS``. Each is made in a copy of the repository, and
only the tests of its module run, in a process forked from one that has the libraries loaded. Survivors are printed as a
diff. The exit code is 1 where fewer than ``ENOUGH`` of them are killed. What is changed: comparisons, boolean and
arithmetic operators, constants, conditions (negated), returned values (None), statements (removed) and the first two
arguments (swapped).
"""

from __future__ import annotations

import argparse
import ast
import difflib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[1]
ENOUGH: Final = 0.92
_AUTH: Final = (
    "tests/core/test_auth_hmac.py",
    "tests/core/test_auth_oauth2.py",
    "tests/core/test_auth_rotating.py",
    "tests/core/test_auth_token_places.py",
    "tests/core/test_auth_tokens.py",
    "tests/core/test_auth_wire.py",
    "tests/contracts/test_auth_schemes.py",
    "tests/session/test_token_lines.py",
    "tests/core/test_debugging.py",
    "tests/session/test_explaining.py",
)
_PAGING: Final = (
    "tests/core/test_pagination.py",
    "tests/core/test_page_checks.py",
    "tests/contracts/test_paging_styles.py",
    "tests/session/test_collecting.py",
)
_SECRETS: Final = (
    "tests/core/test_redaction.py",
    "tests/core/test_secret_fields.py",
    "tests/core/test_redaction_stream.py",
    "tests/core/test_secret_search.py",
    "tests/core/test_unmasking.py",
)
TESTS: Final[dict[str, tuple[str, ...]]] = {
    "core/auth/**/*.py": _AUTH,
    "core/paging/*.py": _PAGING,
    "core/request.py": ("tests/core/test_request.py", "tests/core/test_provenance.py"),
    "core/redaction*.py": _SECRETS,
    "core/secret_*.py": _SECRETS,
    "core/verdict.py": ("tests/core/test_verdict.py", "tests/session/test_refusals.py"),
}
"""Modules → the tests that matter for them, the quickest first."""
FIRST: Final[dict[str, str]] = {
    "hmac_query": "tests/core/test_auth_hmac.py",
    "signature_recipe": "tests/core/test_debugging.py",
    "oauth2": "tests/core/test_auth_oauth2.py",
    "rotating_bearer": "tests/core/test_auth_rotating.py",
    "token_history": "tests/core/test_auth_tokens.py",
    "token_": "tests/core/test_auth_token_places.py",
    "tokens": "tests/core/test_auth_tokens.py",
    "wire": "tests/core/test_auth_wire.py",
    "paging/checks": "tests/core/test_page_checks.py",
    "paging/records": "tests/core/test_page_checks.py",
    "secret_search": "tests/core/test_secret_search.py",
    "secret_": "tests/core/test_secret_fields.py",
}
"""A part of a module's path → the tests that most likely fail; they run alone before the others."""
_COMPARISONS: Final = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_ARITHMETIC: Final = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.Mult,
}
_WORD: Final = re.compile(r"[A-Za-z_-]{1,30}")
_LIBRARIES: Final = ("pytest", "httpx", "msgspec", "click", "rich.text", "asyncio", "sqlite3")


@dataclass(frozen=True)
class Mutant:
    """A module with one place changed."""

    module: str
    line: int
    kind: str
    source: str
    changed: str

    @property
    def diff(self) -> str:
        """The change as a unified diff."""
        lines = (self.source.splitlines(keepends=True), self.changed.splitlines(keepends=True))
        return "".join(difflib.unified_diff(*lines, self.module, f"{self.module} ({self.kind})", n=1))


def mutants_of(module: str, source: str) -> Iterator[Mutant]:
    """Yield every mutant of a module."""
    lines = source.encode().splitlines(keepends=True)
    starts = [sum(map(len, lines[:index])) for index in range(len(lines) + 1)]
    for node, kind, text in _changes(ast.parse(source)):
        start = starts[node.lineno - 1] + node.col_offset
        end = starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
        data = source.encode()
        changed = (data[:start] + text.encode() + data[end:]).decode()
        try:
            ast.parse(changed)
        except SyntaxError:
            continue
        yield Mutant(module, node.lineno, kind, source, changed)


def _changes(node: ast.AST) -> Iterator[tuple[ast.expr | ast.stmt, str, str]]:
    """The changes below *node*: what is replaced, the kind of change, and the text in its place."""
    for child in _children(node):
        if isinstance(child, ast.expr):
            yield from ((child, kind, f"({text})") for kind, text in _of_expression(child))
        elif isinstance(child, ast.stmt):
            yield from ((child, kind, text) for kind, text in _of_statement(child))
        test = getattr(child, "test", None)
        if isinstance(test, ast.expr) and isinstance(child, ast.If | ast.While | ast.IfExp):
            yield test, "negated condition", f"(not ({ast.unparse(test)}))"
        yield from _changes(child)


def _children(node: ast.AST) -> Iterator[ast.AST]:
    """What is run of *node*: no annotation, decorator, docstring, class keyword, f-string or type checker's import."""
    is_type = isinstance(node, ast.Subscript) and ast.unparse(node.value) == "Literal"
    if (
        is_type
        or isinstance(node, ast.JoinedStr)
        or (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test))
    ):
        return
    left_out = {"annotation", "returns", "decorator_list"} | ({"keywords"} if isinstance(node, ast.ClassDef) else set())
    for name, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else (value,):
            is_docstring = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
            if isinstance(child, ast.AST) and name not in left_out and not is_docstring:
                yield child


def _of_expression(node: ast.expr) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        other = _COMPARISONS[type(node.ops[0])]()
        yield "comparison", ast.unparse(ast.Compare(node.left, [other], node.comparators))
    elif isinstance(node, ast.BoolOp):
        other_operator = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield "boolean", ast.unparse(ast.BoolOp(other_operator, node.values))
    elif isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        yield "arithmetic", ast.unparse(ast.BinOp(node.left, _ARITHMETIC[type(node.op)](), node.right))
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, bool):
            yield "constant", repr(not node.value)
        elif isinstance(node.value, int):
            yield "constant", repr(node.value + 1)
        elif isinstance(node.value, str) and _WORD.fullmatch(node.value):
            yield "constant", repr(f"x{node.value}")
    elif isinstance(node, ast.Call) and _has_two_arguments(node):
        swapped = [node.args[1], node.args[0], *node.args[2:]]
        yield "swapped arguments", ast.unparse(ast.Call(node.func, swapped, node.keywords))


def _has_two_arguments(call: ast.Call) -> bool:
    first_two = call.args[:2]
    starred = any(isinstance(argument, ast.Starred) for argument in first_two)
    symmetric = ast.unparse(call.func) in ("min", "max")
    return len(first_two) == 2 and not starred and not symmetric and len(set(map(ast.unparse, first_two))) == 2


def _of_statement(node: ast.stmt) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Return) and node.value is not None and ast.unparse(node.value) != "None":
        yield "returned None", "return None"
    elif _can_be_removed(node):
        yield "removed statement", "pass"


def _can_be_removed(node: ast.stmt) -> bool:
    """Whether names stay bound without *node*: a call, or an assignment to a part of something."""
    if isinstance(node, ast.Assign):
        return isinstance(node.targets[0], ast.Attribute | ast.Subscript)
    return isinstance(node, ast.AugAssign) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call))


class Copy:
    """A copy of the repository in which mutants are tested."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        listed = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
        )
        for name in listed.stdout.decode().splitlines():
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)
        self._stamp = time.time()
        self.output = folder / "output.txt"

    def run(self, tests: tuple[str, ...], seconds: float) -> str:
        """Run *tests*: ``passed``, ``failed`` or ``timed out``."""
        child = os.fork()
        if child == 0:
            self._run_tests(tests)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return "passed" if os.waitstatus_to_exitcode(status) == 0 else "failed"
            time.sleep(0.02)
        os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return "timed out"

    def _run_tests(self, tests: tuple[str, ...]) -> None:
        os.setsid()
        os.chdir(self.folder)
        output = os.open(self.output, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        for descriptor in range(3):
            os.dup2(output, descriptor)
        sys.path.insert(0, str(self.folder))
        import pytest

        code = 70
        try:
            code = int(pytest.main(["-n", "0", "-x", "-q", "-p", "no:cacheprovider", *tests]))
        except BaseException:  # noqa: BLE001 - a fork must never go on with its parent's code
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def test(self, mutant: Mutant, tests: tuple[str, ...], seconds: float) -> str:
        """Put *mutant* in place, run its tests, and put the module back."""
        first = next((test for part, test in FIRST.items() if part in mutant.module), tests[0])
        try:
            self._write(mutant.module, mutant.changed)
            outcome = self.run((first,), seconds)
            return self.run(tuple(test for test in tests if test != first), seconds) if outcome == "passed" else outcome
        finally:
            self._write(mutant.module, mutant.source)

    def _write(self, module: str, source: str) -> None:
        """Write a module with a time of its own, so that no compiled file of an earlier one is taken for it."""
        self._stamp += 2
        path = self.folder / module
        path.write_text(source, encoding="utf-8")
        os.utime(path, (self._stamp, self._stamp))


def drawn(seed: int, count: int, only: str) -> list[tuple[Mutant, tuple[str, ...]]]:
    """Return *count* mutants of the modules whose path contains *only*, each with its tests."""
    mutants = [
        (mutant, tests)
        for pattern, tests in TESTS.items()
        for path in sorted((ROOT / "explorer").glob(pattern))
        if only in str(path)
        for mutant in mutants_of(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8"))
    ]
    return random.Random(seed).sample(  # noqa: S311 - a draw that can be repeated
        mutants, min(count, len(mutants))
    )


def main() -> int:
    """Test the mutants; 1 where too many survive, 2 where the tests fail without any."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--only", default="", help="modules whose path contains this")
    options = parser.parse_args()
    for library in _LIBRARIES:
        __import__(library)
    mutants = drawn(options.seed, options.count, options.only)
    with tempfile.TemporaryDirectory() as folder:
        copy, limits = Copy(Path(folder)), dict[tuple[str, ...], float]()
        for tests in {tests: None for _, tests in mutants}:
            began = time.monotonic()
            if copy.run(tests, 600) != "passed":
                print(f"these fail without a change: {' '.join(tests)}\n{copy.output.read_text()[-3000:]}")
                return 2
            limits[tests] = 3 * (time.monotonic() - began) + 10
        killed = 0
        for number, (mutant, tests) in enumerate(mutants, 1):
            outcome = copy.test(mutant, tests, limits[tests])
            killed += outcome != "passed"
            print(f"{number:>3} {outcome:<9} {mutant.module}:{mutant.line} {mutant.kind}", flush=True)
            if outcome == "passed":
                print(mutant.diff, flush=True)
    print(f"seed {options.seed}: {killed} of {len(mutants)} killed")
    return 0 if killed >= ENOUGH * len(mutants) else 1


if __name__ == "__main__":
    sys.exit(main())
