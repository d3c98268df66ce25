"""The result of a run: a step for each request, and the report as text, JSON and JUnit XML."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal, get_args
from xml.etree import ElementTree

from explorer.core.model import Exchange, FrozenStruct, exchange_table

if TYPE_CHECKING:
    from explorer.core.saved.expectations import ExpectationResult

Outcome = Literal["passed", "failed", "error", "skipped"]
MARKS: Final[dict[str, str]] = {"passed": "✓", "failed": "✗", "error": "‼", "skipped": "·"}
REPORT_FORMATS: Final = ("text", "json", "junit")
_NO_XML: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class RunStep(FrozenStruct, frozen=True, kw_only=True):
    """One request of a run. ``error``: it could not be sent, or had no complete response. ``exchange`` is masked."""

    name: str
    address: str
    environment: str = ""
    outcome: Outcome = "passed"
    message: str = ""
    """Why it was skipped or could not be sent."""
    needed_by: str = ""
    """The request that needed its response, if it was not requested itself."""
    seconds: float = 0.0
    results: tuple[ExpectationResult, ...] = ()
    exchange: Exchange | None = None
    exit_code: int = 0

    @property
    def detail(self) -> str:
        """The outcome on one line: the error, the failed expectations, or the status."""
        failed = "; ".join(str(result) for result in self.results if not result.held)
        response = self.exchange.response if self.exchange else None
        status = f"{response.status} {response.reason}".strip() if response else ""
        return self.message or failed or status


class RunReport(FrozenStruct, frozen=True, kw_only=True):
    """The report of a run."""

    title: str
    started_at: float
    seconds: float = 0.0
    steps: tuple[RunStep, ...] = ()

    def count(self, outcome: Outcome) -> int:
        """Return the number of steps with that outcome."""
        return sum(step.outcome == outcome for step in self.steps)

    @property
    def passed(self) -> bool:
        """Whether every step ran and passed."""
        return all(step.outcome == "passed" for step in self.steps)

    @property
    def exit_code(self) -> int:
        """0: all passed; 1: an expectation failed; 2: nothing could be sent; else the code of the first error."""
        if self.passed:
            return 0
        code = next((step.exit_code for step in self.steps if step.outcome == "error"), 1)
        sent = any(step.exchange is not None for step in self.steps)
        return 1 if self.count("failed") or (code == 2 and sent) else code or 1

    @property
    def summary(self) -> str:
        """``3 passed, 1 failed, 2 skipped in 0.8 s``."""
        kinds: tuple[Outcome, ...] = ("passed", "failed", "error", "skipped")
        counts = {kind: self.count(kind) for kind in kinds}
        parts = [
            f"{count} {'errors' if kind == 'error' and count > 1 else kind}" for kind, count in counts.items() if count
        ]
        return f"{', '.join(parts) or 'nothing to run'} in {self.seconds:.1f} s"


def report_text(report: RunReport) -> str:
    """Return the report as text: a line for each step, followed by its failed expectations."""
    width = max((len(step.name) for step in report.steps), default=0)
    lines = [report.title, ""]
    for step in report.steps:
        response = step.exchange.response if step.exchange else None
        status = str(response.status) if response else "-"
        needed = f"  (needed by {step.needed_by})" if step.needed_by else ""
        duration = f"{step.seconds * 1000:6.0f} ms" if step.exchange else " " * 9
        lines.append(f"{MARKS[step.outcome]} {step.name:<{width}}  {status:>3}  {duration}  {step.address}{needed}")
        if step.message:
            lines.append(f"    {step.message}")
        lines += [f"    ✗ {result}" for result in step.results if not result.held]
    return "\n".join([*lines, "", report.summary])


def report_table(report: RunReport) -> dict[str, Any]:
    """Return the report as data. Each step's exchange is that of ``send --json``."""
    return {
        "title": report.title,
        "started_at": _iso_time(report.started_at),
        "seconds": round(report.seconds, 3),
        "passed": report.passed,
        "counts": {outcome: report.count(outcome) for outcome in get_args(Outcome)},
        "steps": [step_table(step) for step in report.steps],
    }


def step_table(step: RunStep) -> dict[str, Any]:
    """Return a step as data."""
    exchange = exchange_table(step.exchange) if step.exchange else {}
    return {
        "name": step.name,
        "address": step.address,
        "environment": step.environment,
        "outcome": step.outcome,
        "message": step.message,
        "needed_by": step.needed_by or None,
        "seconds": round(step.seconds, 3),
        "expectations": [
            {"text": result.text, "held": result.held, "got": result.got or None} for result in step.results
        ],
        **exchange,
    }


def report_junit(report: RunReport) -> bytes:
    """Return the report as JUnit XML: one suite, with a case for each step and its folder as the class name."""
    counts = {
        "tests": str(len(report.steps)),
        "failures": str(report.count("failed")),
        "errors": str(report.count("error")),
        "skipped": str(report.count("skipped")),
        "time": f"{report.seconds:.3f}",
    }
    root = ElementTree.Element("testsuites", {"name": "api-explorer", **counts})
    properties = {"name": _xml(report.title), "timestamp": _iso_time(report.started_at)[:19], "hostname": "localhost"}
    suite = ElementTree.SubElement(root, "testsuite", properties | counts)
    for step in report.steps:
        folder, _, name = step.name.rpartition("/")
        attributes = {"classname": _xml(folder.replace("/", ".") or report.title), "name": _xml(name)}
        case = ElementTree.SubElement(suite, "testcase", attributes | {"time": f"{step.seconds:.3f}"})
        _add_outcome(case, step)
    ElementTree.indent(root)
    body = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'.encode("utf-8", "replace")


def _add_outcome(case: ElementTree.Element, step: RunStep) -> None:
    failed = [str(result) for result in step.results if not result.held]
    if step.outcome == "skipped":
        ElementTree.SubElement(case, "skipped", {"message": _xml(step.message)})
    elif step.outcome != "passed":
        tag, kind = ("failure", "expectation") if step.outcome == "failed" else ("error", "no response")
        element = ElementTree.SubElement(case, tag, {"message": _xml(step.detail), "type": kind})
        element.text = _xml("\n".join(failed) or step.message)
    if step.exchange is not None:
        request = step.exchange.request
        lines = [f"{request.method} {request.url}", *map(str, step.results)]
        ElementTree.SubElement(case, "system-out").text = _xml("\n".join(lines))


def _xml(text: str) -> str:
    """Return *text* without the characters that XML 1.0 (section 2.2) does not allow."""
    return _NO_XML.sub("\ufffd", text)


def _iso_time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
