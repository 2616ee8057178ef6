"""SARIF 2.1.0, as GitHub's code scanning, GitLab and editors read it.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html. Results come first in the run, because the rules that
they use and the errors of inputs are known only after them.
"""

import json
from collections.abc import Iterator
from typing import Any

from cli.formats.content import Content, Found, found_in, level_of, page_of
from cli.output.evaluation import InputError
from cli.paths import uri_of
from cli.suggesting import Suggestion
from cli.terminal import line
from domain.rule import Rule
from rules import BY_ID
from settings import PAGES, RELEASE

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_FINGERPRINT = "outrider/v1"


def pieces(content: Content) -> Iterator[str]:
    """Yield the log: its results, then the tool and the errors."""
    numbers = dict[str, int]()
    yield f'{{\n"$schema": "{_SCHEMA}",\n"version": "2.1.0",\n"runs": [{{\n"columnKind": "unicodeCodePoints",\n'
    yield '"results": ['
    begin = "\n"
    for result in content.results:
        for found in found_in(result):
            number = numbers.setdefault(found.verdict.rule, len(numbers))
            yield begin + json.dumps(_result(found, number))
            begin = ",\n"
    driver = {
        "name": "Outrider",
        "semanticVersion": RELEASE,
        "informationUri": PAGES,
        "rules": [_rule(BY_ID[each]) for each in numbers],
    }
    invocation = {
        "executionSuccessful": not content.errors,
        "toolExecutionNotifications": [_notification(each) for each in content.errors],
    }
    tool = json.dumps({"driver": driver}, indent=1)
    yield f'\n],\n"tool": {tool},\n"invocations": [{json.dumps(invocation, indent=1)}]\n}}]\n}}\n'


def _result(found: Found, number: int) -> dict[str, Any]:
    made: dict[str, Any] = {
        "ruleId": found.verdict.rule,
        "ruleIndex": number,
        "level": level_of(found.drift.severity, ("error", "warning", "note")),
        "message": {"text": _text(found.message)},
        "locations": [_location(found)],
        "partialFingerprints": {_FINGERPRINT: found.drift.fingerprint},
        "properties": {
            "code": found.drift.code,
            "severity": found.drift.severity.value,
            "resource": line(found.entry.name),
            "fix": found.verdict.fix.value,
        },
    }
    if found.suggestion is not None:
        made["fixes"] = [_fix(found, found.suggestion)]
    return made


def _location(found: Found) -> dict[str, Any]:
    # GitHub refuses results without a line.
    region = {"startLine": found.line, "startColumn": found.column} if found.drift.location else {"startLine": 1}
    return {
        "physicalLocation": {"artifactLocation": {"uri": uri_of(found.file)}, "region": region},
        "logicalLocations": [{"fullyQualifiedName": line(found.drift.where), "kind": "member"}],
    }


def _fix(found: Found, suggestion: Suggestion) -> dict[str, Any]:
    replacements = [
        {
            "deletedRegion": {
                "startLine": each.begin.line,
                "startColumn": each.begin.column,
                "endLine": each.end.line,
                "endColumn": each.end.column,
            },
            "insertedContent": {"text": each.text},
        }
        for each in (hunk.replacement for hunk in suggestion.hunks)
    ]
    approval = "" if suggestion.safe else " It needs approval."
    return {
        "description": {"text": _text(f"Fix all drifts of {found.verdict.rule} in {found.entry.name}.{approval}")},
        "artifactChanges": [{"artifactLocation": {"uri": uri_of(found.entry.file)}, "replacements": replacements}],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    remedy = rule.remedy or rule.by_hand
    help_ = "\n\n".join(filter(None, (rule.why, remedy)))
    return {
        "id": rule.id,
        "name": "".join(part.capitalize() for part in rule.id.replace(".", "-").split("-")),
        "shortDescription": {"text": _sentence(rule.title)},
        "fullDescription": {"text": _sentence(" ".join(rule.why.split()) or rule.title)},
        "helpUri": page_of(rule.id),
        "help": {"text": help_, "markdown": f"{help_}\n\n[{rule.id}]({page_of(rule.id)})"},
        "defaultConfiguration": {"level": level_of(rule.severity, ("error", "warning", "note"))},
        "properties": {"tags": ["ecs", "opentelemetry", rule.topic], "severity": rule.severity.value},
    }


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _text(text: str) -> str:
    """Return a text in one line in which nothing is taken for a link."""
    return line(text).replace("](", "] (")


def _notification(error: InputError) -> dict[str, Any]:
    return {
        "level": "error",
        "message": {"text": _text(error.message)},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": uri_of(error.file)}}}],
    }
