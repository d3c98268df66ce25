"""What came of a run: a step for each request, and the report as text, JSON and JUnit XML."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal
from xml.etree import ElementTree

from explorer.core.model import Exchange, FrozenStruct, exchange_table

if TYPE_CHECKING:
    from explorer.core.saved.expectations import ExpectationResult

Outcome = Literal["passed", "failed", "error", "skipped"]
MARKS: Final[dict[str, str]] = {"passed": "✓", "failed": "✗", "error": "‼", "skipped": "·"}
REPORT_FORMATS: Final = ("text", "json", "junit")
_NO_XML: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class RunStep(FrozenStruct, frozen=True, kw_only=True):
    """One request of a run. ``error``: there was no whole answer, or it could not be sent; ``exchange`` is masked."""

    name: str
    address: str
    environment: str = ""
    outcome: Outcome = "passed"
    message: str = ""
    """Why it could not be sent or was skipped."""
    needed_by: str = ""
    """The request that needed its answer, where it was not asked for itself."""
    seconds: float = 0.0
    results: tuple[ExpectationResult, ...] = ()
    exchange: Exchange | None = None
    exit_code: int = 0

    @property
    def told(self) -> str:
        """What did not hold, in a line; or how it was answered."""
        wrong = "; ".join(str(one) for one in self.results if not one.held)
        response = self.exchange.response if self.exchange else None
        answered = f"{response.status} {response.reason}".strip() if response else ""
        return self.message or wrong or answered


class RunReport(FrozenStruct, frozen=True, kw_only=True):
    """A run as a whole."""

    title: str
    started_at: float
    seconds: float = 0.0
    steps: tuple[RunStep, ...] = ()

    def count(self, outcome: Outcome) -> int:
        """How many steps ended so."""
        return sum(step.outcome == outcome for step in self.steps)

    @property
    def passed(self) -> bool:
        """Whether every step was run and everything held."""
        return all(step.outcome == "passed" for step in self.steps)

    @property
    def exit_code(self) -> int:
        """0 everything held; 1 something did not; 2 nothing could be sent; else the code of the first error."""
        if self.passed:
            return 0
        code = next((step.exit_code for step in self.steps if step.outcome == "error"), 1)
        sent = any(step.exchange is not None for step in self.steps)
        return 1 if self.count("failed") or (code == 2 and sent) else code or 1

    @property
    def summary(self) -> str:
        """``3 passed, 1 failed, 2 skipped in 0.8 s``."""
        kinds: tuple[Outcome, ...] = ("passed", "failed", "error", "skipped")
        counts = {one: self.count(one) for one in kinds}
        said = [
            f"{count} {'errors' if one == 'error' and count > 1 else one}" for one, count in counts.items() if count
        ]
        return f"{', '.join(said) or 'nothing to run'} in {self.seconds:.1f} s"


def report_text(report: RunReport) -> str:
    """The report for a person: a line for each step, below it what did not hold."""
    width = max((len(step.name) for step in report.steps), default=0)
    lines = [report.title, ""]
    for step in report.steps:
        response = step.exchange.response if step.exchange else None
        status = str(response.status) if response else "-"
        needed = f"  (needed by {step.needed_by})" if step.needed_by else ""
        took = f"{step.seconds * 1000:6.0f} ms" if step.exchange else " " * 9
        lines.append(f"{MARKS[step.outcome]} {step.name:<{width}}  {status:>3}  {took}  {step.address}{needed}")
        if step.message:
            lines.append(f"    {step.message}")
        lines += [f"    ✗ {one}" for one in step.results if not one.held]
    return "\n".join([*lines, "", report.summary])


def report_table(report: RunReport) -> dict[str, Any]:
    """The report as data; each step's exchange is that of ``send --json``."""
    return {
        "title": report.title,
        "started_at": _iso_time(report.started_at),
        "seconds": round(report.seconds, 3),
        "passed": report.passed,
        "counts": {one: report.count(one) for one in ("passed", "failed", "error", "skipped")},
        "steps": [step_table(step) for step in report.steps],
    }


def step_table(step: RunStep) -> dict[str, Any]:
    """One step as data."""
    exchange = exchange_table(step.exchange) if step.exchange else {}
    return {
        "name": step.name,
        "address": step.address,
        "environment": step.environment,
        "outcome": step.outcome,
        "message": step.message,
        "needed_by": step.needed_by or None,
        "seconds": round(step.seconds, 3),
        "expectations": [{"text": one.text, "held": one.held, "got": one.got or None} for one in step.results],
        **exchange,
    }


def report_junit(report: RunReport) -> bytes:
    """The report as JUnit XML: a suite, a case for each step with its folder as the class name."""
    counts = {
        "tests": str(len(report.steps)),
        "failures": str(report.count("failed")),
        "errors": str(report.count("error")),
        "skipped": str(report.count("skipped")),
        "time": f"{report.seconds:.3f}",
    }
    top = ElementTree.Element("testsuites", {"name": "api-explorer", **counts})
    about = {"name": _xml(report.title), "timestamp": _iso_time(report.started_at)[:19], "hostname": "localhost"}
    suite = ElementTree.SubElement(top, "testsuite", about | counts)
    for step in report.steps:
        folder, _, name = step.name.rpartition("/")
        attributes = {"classname": _xml(folder.replace("/", ".") or report.title), "name": _xml(name)}
        case = ElementTree.SubElement(suite, "testcase", attributes | {"time": f"{step.seconds:.3f}"})
        _outcome(case, step)
    ElementTree.indent(top)
    body = ElementTree.tostring(top, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'.encode("utf-8", "replace")


def _outcome(case: ElementTree.Element, step: RunStep) -> None:
    wrong = [str(one) for one in step.results if not one.held]
    if step.outcome == "skipped":
        ElementTree.SubElement(case, "skipped", {"message": _xml(step.message)})
    elif step.outcome != "passed":
        tag, kind = ("failure", "expectation") if step.outcome == "failed" else ("error", "no answer")
        inner = ElementTree.SubElement(case, tag, {"message": _xml(step.told), "type": kind})
        inner.text = _xml("\n".join(wrong) or step.message)
    if step.exchange is not None:
        request = step.exchange.request
        said = [f"{request.method} {request.url}", *map(str, step.results)]
        ElementTree.SubElement(case, "system-out").text = _xml("\n".join(said))


def _xml(text: str) -> str:
    """*text* without what XML 1.0 (section 2.2) cannot hold."""
    return _NO_XML.sub("\ufffd", text)


def _iso_time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
