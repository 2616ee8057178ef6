"""GitLab's code quality report: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format."""

from collections.abc import Iterator
from typing import Any

from cli.formats.content import Content, Found, found_in, listed

_SEVERITIES = ("info", "minor", "major", "critical", "blocker")


def pieces(content: Content) -> Iterator[str]:
    """Yield the report: a list of issues."""
    return listed(_issue(found) for result in content.results for found in found_in(result))


def _issue(found: Found) -> dict[str, Any]:
    return {
        "description": f"{found.verdict.rule}: {found.message}",
        "check_name": found.verdict.rule,
        "fingerprint": found.drift.fingerprint,
        "severity": _SEVERITIES[found.drift.severity.rank],
        "location": {"path": found.path, "lines": {"begin": found.line}},
        "content": {"body": f"{found.rule.title}. {found.page}"},
        "categories": ["Bug Risk"],
    }
