"""docs/rules.md and a page for each rule, from the rules: their RULE values, and the examples that the tests run.

PYTHONPATH=src:. .venvs/dev/bin/python tools/rule_pages.py [--check]

--check writes nothing and exits with 1 if a page is out of date.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

import engine
from domain.drift import Code, Safety
from domain.iam.advice import minimal_statement
from domain.remediation.certainty import Uncertainty
from domain.remediation.plan import Plan, changes_between
from domain.rule import Rule
from domain.subject import Subject
from domain.workload import Workload
from reports.source import Form, fragments
from rules import CATALOGUE
from tests.rules.examples import HERE as EXAMPLES
from tests.rules.examples import Case, Example, Patch, read

DOCS = Path(__file__).parent.parent / "docs"

TOPICS = {
    "sidecar": "The collector's container",
    "task": "The task definition around it",
    "application": "The applications' telemetry settings",
    "config": "The collector's configuration",
    "identity": "Roles",
    "service": "Services",
    "logging": "Logs by FireLens",
}
"""In the catalogue's order; a topic that is not listed has its name as its title."""

_SUBJECTS = {
    "family": "the task-definition family",
    "service": "the service",
    "parameter": "the SSM parameter",
    "role": "the role",
}

INTRODUCTION = """\
# The rules

`tools/rule_pages.py` writes this page, and a page for each rule, from the rules in `src/rules` and the examples in
`tests/rules`. Edit them there.

A rule applies to one kind of subject: a task-definition family, a service, a parameter or a role. Each subject has a
finding of its own. A rule about the text of a parameter applies to the family where the task definition itself holds
the text. If a fact that the rule needs could not be read and no drift is evident, the rule is Unknown,
never compliant. `outrider explain RULE` prints the text of a rule's page in a terminal. Findings and alerts link to it.

A fix is SAFE if it may be made without approval, and REVIEW if it needs approval. A fix names all that its change
depends on: facts, a receiver behind an endpoint, a tag in a repository, values that are no placeholders. It is SAFE
only where all of that is known to hold. Fixes are made in memory and evaluated again by all rules: a plan that would
bring a new drift, or an Unknown that was not there before, is REVIEW.

Each rule lists its codes: one for each kind of drift, each reason for an Unknown, each refusal of its fix (*No fix*)
and each reason why the fix needs approval (*Approval*). Alerts and `outrider check --format json` contain the codes of
drifts. A code stays the same when sentences are reworded. Every rule may also have these codes:

{engine_codes}

Every rule has a mode (`off`, `report`, `register` or `deploy`; the standard's `mode` if `rules` does not set one),
and the severity shown below unless the standard sets another. It may be exempted for some workloads until a date:

```yaml
version: 1
mode: report
rules:
  - rules: sidecar.*
    where: {family: "batch-*"}
    mode: register
exemptions:
  - rules: task.size
    where: {tags: {team: research}}
    reason: changes its size in the autumn
    expires: 2027-01-31
```
"""


def pages() -> dict[str, str]:
    """Each page by its path in docs: the contents, and a page for each rule."""
    introduction = INTRODUCTION.replace("{engine_codes}", _codes((*engine.EngineCode, *Uncertainty)))
    contents = "\n".join([introduction, *_contents()])
    return {"rules.md": contents} | {f"rules/{rule.id}.md": _page(rule) for rule in CATALOGUE}


def _contents() -> Iterator[str]:
    for topic in dict.fromkeys(rule.topic for rule in CATALOGUE):
        yield f"**{TOPICS.get(topic, topic)}**\n\n| rule | severity | fix | requirement |\n| --- | --- | --- | --- |"
        for rule in CATALOGUE:
            if rule.topic == topic:
                fix = "yes" if rule.fix else ""
                yield f"| [{rule.id}](rules/{rule.id}.md) | {rule.severity} | {fix} | {rule.title} |"
        yield ""


def _sentence(text: str) -> str:
    text = text.strip().rstrip(".")
    first = text.partition(" ")[0]
    return f"{text}." if ":" in first else f"{text[:1].upper()}{text[1:]}."  # an IAM action stays as it is written


def _page(rule: Rule) -> str:
    example = _chosen(rule)
    parts = [
        f"# {rule.id}",
        f"{rule.title}.",
        f"{rule.severity} · applies to {_applies_to(rule)} · reads {', '.join(rule.reads)}",
        f"**Why.** {rule.why}",
        *(_example(rule, example) if example else ()),
        "## What to do",
        f"**Fix.** {rule.remedy}" if rule.fix else f"{rule.by_hand}\n\nOutrider has no fix for it: a person decides.",
        *(_at_the_source(rule, example) if example else ()),
        *(_permissions(example) if example else ()),
        f"## Configure\n\n{rule.configure or 'It has no parameters.'}",
        _fenced("yaml", f"rules:\n  - {{rules: {rule.id}, mode: report, severity: {rule.severity}}}"),
        "## Codes",
        _codes(rule.codes),
        f"**See** <{rule.reference}> · [all rules](../rules.md)",
    ]
    return "\n\n".join(parts) + "\n"


_LANGUAGES: dict[Form, str] = {"JSON": "json", "CloudFormation": "yaml", "Terraform": "terraform"}


def _applies_to(rule: Rule) -> str:
    return " or ".join(_SUBJECTS[kind] for kind in rule.subjects)


def _at_the_source(rule: Rule, example: Example) -> Iterator[str]:
    """The example's fix as a change of what developers write, in each form."""
    before, after = example.before, example.after
    if after is None:
        return
    plan = Plan(before, after, (), Safety.SAFE, (), (), changes_between(before, after))
    found = {each.form: each.text for each in fragments(plan)}
    if not found and rule.subject is Subject.SERVICE:
        yield "Nothing changes where the service is defined: a new deployment is enough."
        yield _fenced("text", "aws ecs update-service --cluster CLUSTER --service SERVICE --force-new-deployment")
    if not found:
        return
    thing = "service" if rule.subject is Subject.SERVICE else "task definition"
    safety = f" ({example.case.safety.upper()})" if example.case.safety else ""
    yield f"The example's fix{safety}, where the {thing} is defined: only what changes, and the names that identify it."
    for reason in example.review or ():
        yield f"It needs approval, because: {reason}"
    for form, language in _LANGUAGES.items():
        yield f"### {form if form != 'JSON' else f'{thing.capitalize()} in JSON'}"
        if form == "JSON" and (marks := [sign for sign in ("null", "(remove)") if sign in found[form]]):
            yield f"{' and '.join(f'`{sign}`' for sign in marks)}: remove it."
        yield _fenced(language, found[form])


def _permissions(example: Example) -> Iterator[str]:
    """The smallest policy for what each role lacks in the example, in each form."""
    missing = dict[str, list[tuple[str, str]]]()
    for grant in (grant for drift in example.case.drift for grant in drift.grants):
        missing.setdefault(grant.to, []).append((grant.action, grant.resource))
    for role, calls in missing.items():
        policy = minimal_statement(calls)
        properties = {"RoleName": role, "PolicyName": "telemetry", "PolicyDocument": policy}
        resource = {"Type": "AWS::IAM::RolePolicy", "Properties": properties}
        text = json.dumps(policy, indent=2)
        yield f"What the role {role} lacks in the example:"
        yield f"### Policy in JSON\n\n{_fenced('json', text)}"
        yield f"### CloudFormation\n\n{_fenced('yaml', _yaml(resource))}"
        attributes = f'role   = "{role}"\nname   = "telemetry"\npolicy = jsonencode({text})'
        yield f"### Terraform\n\n{_fenced('terraform', f'# aws_iam_role_policy\n{attributes}')}"


def _codes(codes: Iterable[Code]) -> str:
    return "\n".join(f"- `{code}`: {code.meaning}" for code in codes)


def _fenced(language: str, text: str) -> str:
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall(r"`+", text)), 3)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def _examples(rule: Rule) -> Iterator[Example]:
    path = EXAMPLES / rule.topic / f"{rule.id.partition('.')[2]}.yaml"
    if path.exists():
        yield from (example for example in read(path) if example.verdict == "drifted")


def _chosen(rule: Rule) -> Example | None:
    """The first drifted case that is fixed; else the first one: the most ordinary one stands first."""
    drifted = [*_examples(rule)]
    fixed = (
        each
        for each in drifted
        if each.after is not None and each.case.after != "unchanged" and each.case.refused is None
    )
    return next(fixed, drifted[0] if drifted else None)


def _example(rule: Rule, example: Example) -> Iterator[str]:
    case = example.case
    good = Example(rule.id, Case(name="good", verdict="none", service=None if case.service is None else {})).before
    yield "## Example"
    yield " ".join(_sentence(text) for text in (case.name, case.about) if text)
    if case.standard:
        yield "By a standard with\n\n" + _fenced("yaml", _yaml(case.standard))
    yield from _fragments(example.before, [good, example.after])
    if case.facts:
        yield from _facts(case.facts)
    for drift in case.drift:
        severity = drift.severity or case.severity or rule.severity
        yield f"> **{severity}** at `{drift.where}` (`{drift.code}`): {drift.why}"
    if case.refused is not None:
        yield f"Its fix is refused: {case.refused}"


def _fragments(shown: Workload, others: Iterable[Workload | None]) -> Iterator[str]:
    """The parts of a workload's documents that differ from the others'."""
    there = [other for other in others if other is not None]
    task = _differing(dict(shown.task.json), [dict(other.task.json) for other in there])
    if task is not None:
        yield _fenced("json", _json(task))
    if shown.service is not None:
        services = [dict(other.service.json) for other in there if other.service is not None]
        service = _differing(dict(shown.service.json), services)
        if service is not None:
            yield "The service:\n\n" + _fenced("json", _json(service))


_NAMES = ("name", "containerName", "key")
_LACKING = object()
_SHORT = 90


def _differing(shown: Any, others: list[Any]) -> Any:
    """What of `shown` differs from any of the others, with the names of what it is in; None where nothing does."""
    if all(shown == other for other in others):
        return None
    if isinstance(shown, Mapping) and all(isinstance(other, Mapping) for other in others):
        members = {
            key: part
            for key, value in shown.items()
            if (part := _differing(value, [other.get(key, _LACKING) for other in others])) is not None
        }
        names = {key: shown[key] for key in _NAMES if key in shown}
        # Where a member is missing that the others have, the name of what lacks it is all there is to show.
        return names | members or {key: shown[key] for key in ("family", "serviceName") if key in shown} or dict(shown)
    if _named(shown) and all(other is _LACKING or _named(other) for other in others):
        lists = [other for other in others if other is not _LACKING]
        parts = []
        for item in shown:
            same = [[each for each in there if _name(each) == _name(item)] for there in lists]
            counterparts = [found[0] if found else _LACKING for found in same] or [_LACKING]
            part = _differing(item, counterparts)
            if part is not None:
                parts.append(part)
        return parts or [{key: item[key] for key in _NAMES if key in item} for item in shown]
    return shown


def _name(item: Mapping[str, Any]) -> Any:
    return next((item[key] for key in _NAMES if key in item), None)


def _named(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(item, Mapping) and _name(item) is not None for item in value)
    )


def _json(value: Any) -> str:
    """Indented, with short things on one line as people write them."""

    def joined(found: re.Match[str]) -> str:
        inside = re.sub(r"\s*\n\s*", " ", found[2]).strip()
        line = f"{found[1]} {inside} {found[3]}" if found[1] == "{" else f"{found[1]}{inside}{found[3]}"
        return line if len(line) <= _SHORT else found[0]

    # No string of JSON has a line end in it, so what begins with a bracket and one is no string.
    return re.sub(r"([\[{])(\n[^\[\]{}]*\n *)([\]}])", joined, json.dumps(value, indent=2, ensure_ascii=False))


def _facts(facts: Patch) -> Iterator[str]:
    facts = dict(facts)
    parameter = facts.get("parameter")
    if isinstance(parameter, Mapping) and isinstance(parameter.get("text"), str):
        yield "The collector's configuration:\n\n" + _fenced("yaml", parameter["text"])
        rest = {key: value for key, value in parameter.items() if key != "text"}
        facts["parameter"] = rest or None
    left = {key.replace("_", " "): value for key, value in facts.items() if value is not None}
    if left:
        yield "The facts:\n\n" + _fenced("yaml", _yaml(left))


def _yaml(value: Any) -> str:
    return yaml.safe_dump(json.loads(json.dumps(value, default=str)), sort_keys=False, width=110, allow_unicode=True)


def main() -> int:
    """0 if the pages are written or up to date."""
    parser = argparse.ArgumentParser(description="Write docs/rules.md and docs/rules from the rules and examples.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a page is out of date")
    arguments = parser.parse_args()
    wanted = pages()
    there = ("rules.md", *(path.relative_to(DOCS).as_posix() for path in (DOCS / "rules").glob("*.md")))
    present = {name: (DOCS / name).read_text(encoding="utf-8") for name in there if (DOCS / name).exists()}
    if present == wanted:
        return 0
    if arguments.check:
        print("docs/rules.md or a page in docs/rules is out of date: run tools/rule_pages.py.", file=sys.stderr)
        return 1
    (DOCS / "rules").mkdir(parents=True, exist_ok=True)
    for name in present.keys() - wanted.keys():
        (DOCS / name).unlink()
    for name, text in wanted.items():
        (DOCS / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
