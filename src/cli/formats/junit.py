"""JUnit XML: one suite for each task definition, one case for each rule.

A drifted rule is a failure, an unknown or exempt one is skipped, and an input that could not be used is an error. The
elements and attributes are those that the schemas of Jenkins and of Ant ask for.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import count
from xml.etree.ElementTree import Element, SubElement, tostring

from cli.formats.content import Content, fix_words
from cli.output.evaluation import InputError, VerdictEntry
from cli.output.names import Outcome
from cli.paths import report_path
from cli.results import Result, Source
from cli.terminal import line

_CASES = {"failure": "failures", "error": "errors", "skipped": "skipped"}


def pieces(content: Content) -> Iterator[str]:
    """Yield the suites."""
    numbers, now = count(), f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}"
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n'
    for result in content.results:
        yield _written(_suite(result), next(numbers), now)
    if content.errors:
        yield _written(_inputs(content.errors), next(numbers), now)
    yield "</testsuites>\n"


def _suite(result: Result) -> Element:
    entry, path = result.entry, line(report_path(result.entry.file))
    suite = Element("testsuite", name=f"{path}: {line(entry.name)}", package=path)
    if entry.not_evaluated:
        _case(suite, "evaluation", path, "skipped", line(entry.not_evaluated))
    for verdict in entry.verdicts:
        kind, text = _ending(verdict, result.source)
        case = _case(suite, verdict.rule, path, kind, text)
        if kind == "failure":
            case[0].set("type", verdict.severity.value)
            case[0].set("message", text.partition("\n")[0])
            case[0].text = text
    return suite


def _ending(verdict: VerdictEntry, source: Source) -> tuple[str, str]:
    match verdict.verdict:
        case Outcome.DRIFTED:
            rows = [f"{each.severity} {each.where}: {each.why}" for each in verdict.counted]
            return "failure", "\n".join(filter(None, (*map(line, rows), fix_words(verdict.fix, source))))
        case Outcome.UNKNOWN | Outcome.EXEMPT as word:
            return "skipped", line(f"{word}: {'; '.join(verdict.reasons)}")
        case Outcome.COMPLIANT:
            return "", ""


def _inputs(errors: Sequence[InputError]) -> Element:
    suite = Element("testsuite", name="inputs", package="inputs")
    for each in errors:
        case = _case(suite, line(report_path(each.file)), "inputs", "error", line(each.message))
        case[0].set("type", "unusable")
    return suite


def _case(suite: Element, name: str, within: str, kind: str, message: str) -> Element:
    case = SubElement(suite, "testcase", name=name, classname=within, time="0")
    if kind:
        SubElement(case, kind, message=message)
    return case


def _written(suite: Element, number: int, now: str) -> str:
    counts = {name: str(len(suite.findall(f"testcase/{kind}"))) for kind, name in _CASES.items()}
    suite.attrib |= {"id": str(number), "tests": str(len(suite)), **counts, "time": "0"}
    suite.attrib |= {"timestamp": now, "hostname": "localhost"}
    suite.insert(0, Element("properties"))
    SubElement(suite, "system-out")
    SubElement(suite, "system-err")
    text: str = tostring(suite, encoding="unicode")
    return text.encode("ascii", "xmlcharrefreplace").decode("ascii") + "\n"
