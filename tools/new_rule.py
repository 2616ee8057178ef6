"""Create a rule: its file, its place in the topic's RULES, and examples. All checks pass from the start.

PYTHONPATH=src:. .venvs/dev/bin/python tools/new_rule.py task.privileged

What is created is a small working rule. Replace its check, texts and examples by your own.
"""

import argparse
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

RULE = '''\
"""Rule @id@."""

from collections.abc import Iterator

from domain.drift import Code, Drift
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload

_MEMBER = "@member@"


class Kind(Code):
    """What this rule reports."""

    SET = "set", "A container sets `@member@`."


def check(workload: Workload, standard: Standard) -> Iterator[Drift]:
    """Yield one drift for each container that sets it."""
    for container in workload.task.containers:
        if container.json.get(_MEMBER) is True:
            where = f"containers/{container.name}/{_MEMBER}"
            yield Drift(Kind.SET, where, f"The container {container.name} sets {_MEMBER}. Remove it.", "true")


RULE = Rule(
    id="@id@",
    title="Containers should not set `@member@`",
    why="Replace this by what goes wrong when a task breaks the rule.",
    by_hand="Remove `@member@` from the container.",
    subject=Subject.FAMILY,
    severity=Severity.MEDIUM,
    codes=tuple(Kind),
    check=check,
    of_collector=False,
    reference="https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html",
)
'''

EXAMPLES = """\
- name: a container sets @member@
  before: {containers: {app: {@member@: true}}}
  verdict: drifted
  severity: MEDIUM
  drift:
    - code: set
      where: containers/app/@member@
      why: The container app sets @member@. Remove it.
      found: 'true'

- name: no container sets @member@
  verdict: compliant
"""


class Refused(Exception):
    """The rule cannot be created; the message says why."""


@dataclass(frozen=True, slots=True)
class NewRule:
    """A rule's id, and the files that follow from it."""

    topic: str
    name: str

    @classmethod
    def parse(cls, id_: str) -> "NewRule":
        """Refused where the id has another form, or the rule exists."""
        form = re.fullmatch(r"([a-z]+)\.([a-z][a-z0-9]*(?:-[a-z0-9]+)*)", id_)
        if form is None:
            raise Refused(f"{id_!r} is not a rule's id. Write topic.name in lower case, for example task.privileged.")
        rule = cls(form[1], form[2])
        if not rule.catalogue.is_file():
            topics = ", ".join(sorted(path.parent.name for path in (ROOT / "src" / "rules").glob("*/__init__.py")))
            raise Refused(f"There is no topic {rule.topic}. The topics are {topics}.")
        for path in (rule.source, rule.examples):
            if path.exists():
                raise Refused(f"{path.relative_to(ROOT)} exists.")
        return rule

    @property
    def id(self) -> str:
        return f"{self.topic}.{self.name}"

    @property
    def module(self) -> str:
        return self.name.replace("-", "_")

    @property
    def member(self) -> str:
        """The container's member that the example asks for: `read-only` → `readOnly`."""
        first, *rest = self.name.split("-")
        return first + "".join(part.capitalize() for part in rest)

    @property
    def catalogue(self) -> Path:
        return ROOT / "src" / "rules" / self.topic / "__init__.py"

    @property
    def source(self) -> Path:
        return self.catalogue.with_name(f"{self.module}.py")

    @property
    def examples(self) -> Path:
        return ROOT / "tests" / "rules" / self.topic / f"{self.name}.yaml"

    def filled(self, template: str) -> str:
        return template.replace("@id@", self.id).replace("@member@", self.member)


def listed(text: str, rule: NewRule) -> str:
    """The topic's catalogue with the rule imported, and last in RULES. Refused where it has another form."""
    imported = re.search(rf"^from rules\.{rule.topic} import (\([^)]*\)|[^\n]+)$", text, re.MULTILINE)
    rules = re.search(r"^RULES: tuple\[Rule, \.\.\.\] = \(([^)]*)\)$", text, re.MULTILINE)
    if imported is None or rules is None:
        raise Refused(f"{rule.catalogue.relative_to(ROOT)} has another form: add the rule to it by hand.")
    names = sorted({*re.findall(r"\w+", imported[1]), rule.module})
    entries = [*re.findall(r"\w+\.RULE", rules[1]), f"{rule.module}.RULE"]
    text = text.replace(rules[0], f"RULES: tuple[Rule, ...] = (\n    {',\n    '.join(entries)},\n)")
    return text.replace(imported[0], f"from rules.{rule.topic} import ({', '.join(names)})")


def create(rule: NewRule) -> None:
    """Write the rule, its examples and its entry in the catalogue, formatted."""
    catalogue = listed(rule.catalogue.read_text(encoding="utf-8"), rule)
    rule.source.write_text(rule.filled(RULE), encoding="utf-8")
    rule.examples.write_text(rule.filled(EXAMPLES), encoding="utf-8")
    rule.catalogue.write_text(catalogue, encoding="utf-8")
    ruff = [sys.executable, "-m", "ruff", "format", "--quiet", str(rule.catalogue), str(rule.source)]
    subprocess.run(ruff, cwd=ROOT, check=True)


def main() -> int:
    """Return 0 if the rule is created, 1 if it is refused."""
    parser = argparse.ArgumentParser(description="Create a rule with its examples.")
    parser.add_argument("id", help="the new rule's id: topic.name")
    try:
        rule = NewRule.parse(parser.parse_args().id)
        create(rule)
    except Refused as refused:
        print(refused, file=sys.stderr)
        return 1
    for path in (rule.source, rule.examples, rule.catalogue):
        print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
