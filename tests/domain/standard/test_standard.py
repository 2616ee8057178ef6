import json
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from domain.ecs.service import Service
from domain.ecs.task_definition import TaskDefinition
from domain.places import Place
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import DEFAULT, Mode, Standard, StandardInvalid, default_standard
from domain.standard.checking import checked
from domain.standard.part import Part, model_of
from domain.subject import Subject
from domain.workload import Workload
from rules import CATALOGUE

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = sorted((ROOT / "docs" / "standards").glob("*.yaml"))
RULE = Rule("sidecar.present", Subject.FAMILY, Severity.HIGH, lambda _workload, _standard: iter(()), "It.", "")


def workload(service: dict[str, Any] | None = None, tags: dict[str, str] | None = None) -> Workload:
    task = {"family": "web", "tags": [{"key": key, "value": value} for key, value in (tags or {}).items()]}
    return Workload(
        Place("123456789012", "eu-west-1"),
        TaskDefinition(task),
        None if service is None else Service(service),
        read_at=datetime(2026, 8, 1, 12, tzinfo=UTC),
    )


def mistake(text: str) -> str:
    with pytest.raises(StandardInvalid) as caught:
        Standard.parse(text, "standard.yaml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "standard.yaml must be a mapping that starts with `version: 1`."),
        ("- version: 1", "standard.yaml must be a mapping that starts with `version: 1`."),
        ("version: 2", "standard.yaml, line 1: version must be 1, not 2."),
        ("version: '1'", "standard.yaml, line 1: version must be 1 without quotes."),
        ("name: x", "standard.yaml, under line 1: version is missing; add it."),
        (
            "version: 1\ncolector: {}",
            "standard.yaml, line 2: colector is not a field of a standard; perhaps collector is meant.",
        ),
        (
            "version: 1\nroles:\n  executive: x",
            "standard.yaml, line 3: roles.executive is not a field of a standard; perhaps execution is meant.",
        ),
        (
            "version: 1\nroles:\n  zzz: x",
            "standard.yaml, line 3: roles.zzz is not a field of a standard; the fields there are execution, task.",
        ),
        (
            "version: 1\ncollector:\n  cpu: lots",
            "standard.yaml, line 3: collector.cpu must be a whole number, not lots.",
        ),
        ("version: 1\ncollector:\n  cpu: 0.5", "standard.yaml, line 3: collector.cpu must be a whole number, not 0.5."),
        ("version: 1\ncollector:\n  cpu: -1", "standard.yaml, line 3: collector.cpu must be at least 0, not -1."),
        (
            "version: 1\ncollector:\n  memory: 999999",
            "standard.yaml, line 3: collector.memory must be at most 122880, not 999999.",
        ),
        (
            "version: 1\ncollector:\n  essential: maybe",
            "standard.yaml, line 3: collector.essential must be true or false, not maybe.",
        ),
        (
            "version: 1\ncollector:",
            "standard.yaml, line 2: collector must be a mapping: fields with their values, indented below it.",
        ),
        (
            "version: 1\ncollector:\n  image: example/aws-otel-collector:latest",
            (
                "standard.yaml, line 3: collector.image must be an image with a release tag such as v0.49.0,"
                " or a digest; the"
                " rules do not accept a floating tag."
            ),
        ),
        (
            "version: 1\ncollector: {image: }",
            "standard.yaml, line 2: collector.image is empty; it must be text, or left out.",
        ),
        (
            "version: 1\ncollector: {minimum_release: 0.47}",
            "standard.yaml, line 2: collector.minimum_release must be text: put it in quotes.",
        ),
        (
            "version: 1\ncollector: {minimum_release: v0.47}",
            "standard.yaml, line 2: collector.minimum_release must be a release such as v0.49.0, not v0.47.",
        ),
        (
            "version: 1\ncollector: {parameter: my config}",
            (
                "standard.yaml, line 2: collector.parameter must be an SSM parameter's name such as"
                " /fargate/otel-collector-config, or its ARN, not my config."
            ),
        ),
        (
            "version: 1\nroles: {task: web}",
            (
                "standard.yaml, line 2: roles.task must be a role's ARN such as"
                " arn:aws:iam::123456789012:role/name, not"
                " web."
            ),
        ),
        (
            "version: 1\nservices: {platform_version: LATEST}",
            (
                "standard.yaml, line 2: services.platform_version must be a version of three numbers such as 1.4.0, not"
                " LATEST."
            ),
        ),
        (
            "version: 1\napplications:\n  resource_attributes: service.name",
            "standard.yaml, line 3: applications.resource_attributes must be a list: put `- ` before each item.",
        ),
        (
            "version: 1\nmode: deplyo",
            "standard.yaml, line 2: mode must be off, report, register or deploy, not deplyo.",
        ),
        (
            "version: 1\nrules:\n- rules: sidecar.*\n  severity: high",
            "standard.yaml, line 4: rules[0].severity must be INFORMATIONAL, LOW, MEDIUM, HIGH or CRITICAL, not high.",
        ),
        ("version: 1\nrules:\n- mode: off", "standard.yaml, under line 3: rules[0].rules is missing; add it."),
        ("version: 1\nrules:\n- rules: ''", "standard.yaml, line 3: rules[0].rules[0] must not be empty."),
        (
            "version: 1\nrules:\n- rules: x\n  set:\n    colector: {}",
            (
                "standard.yaml, line 4: rules[0].set must be sections among collector, applications, roles, services,"
                " configuration; not colector."
            ),
        ),
        (
            "version: 1\nrules:\n- rules: x\n  set:\n    collector:\n      cpu: lots",
            "standard.yaml, line 6: rules[0].set.collector.cpu must be a whole number, not lots.",
        ),
        (
            "version: 1\nrules:\n- rules: x\n  set:\n    collector:\n      cpuu: 1",
            "standard.yaml, line 6: rules[0].set.collector.cpuu is not a field of a standard; perhaps cpu is meant.",
        ),
        (
            "version: 1\nscope:\n  include:\n  - account: 1234",
            (
                "standard.yaml, line 4: scope.include[0].account must be account numbers of 12 digits, or"
                " patterns; 1234"
                " matches none."
            ),
        ),
        (
            "version: 1\nscope:\n  exclude: [{}]",
            "standard.yaml, line 3: scope.exclude[0] must select something; for everything write family: '*'.",
        ),
        (
            "version: 1\nscope:\n  include:\n  - tags: {cost: 5}",
            "standard.yaml, line 4: scope.include[0].tags.cost must be text: put it in quotes.",
        ),
        (
            "version: 1\nexemptions:\n- {rules: '*', where: {family: web}, reason: old}",
            "standard.yaml, line 3: exemptions[0].reason must have at least 8 characters.",
        ),
        (
            "version: 1\nexemptions:\n- {rules: '*', where: {family: web}, reason: it is old, expires: 2026-02-30}",
            "standard.yaml, line 3: exemptions[0].expires must be a date such as 2026-12-31, not 2026-02-30.",
        ),
        (
            "version: 1\nexemptions:\n- {rules: '*', where: {tags: {}}, reason: being replaced}",
            "standard.yaml, line 3: exemptions[0].where must select something; for everything write family: '*'.",
        ),
        ("version: 1\nversion: 1", "standard.yaml, line 2: the field version is there twice. Keep one."),
        (
            "version: 1\n\tname: x",
            (
                "standard.yaml, line 2, column 1: not YAML (found a tab character that violates indentation)."
                " Correct it"
                " there."
            ),
        ),
        (
            "version: 1\nname: \x00",
            "standard.yaml is not valid YAML. Check its encoding, its indentation and its brackets.",
        ),
        ("version: 1\n2: x", "standard.yaml, line 2: [2] is not a field: names of fields are text."),
        (
            f"version: 1\nx: {'[' * 60_000}{']' * 60_000}",
            "standard.yaml, line 2: nested deeper than 32 levels, the limit for a standard.",
        ),
        ("version: 1\nname: " + "x" * 300_000, "standard.yaml is larger than 262144 bytes, the limit for a standard."),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else None,
)
def test_a_mistake_is_reported_with_its_line_its_field_and_what_would_be_right(text: str, sentence: str) -> None:
    assert mistake(text) == sentence


def test_every_mistake_has_its_sentence() -> None:
    sentences = mistake("version: 1\nmode: on\ncollector:\n  cpu: x\n  memroy: 5").splitlines()
    assert [sentence.partition(":")[0] for sentence in sentences] == [
        "standard.yaml, line 2",
        "standard.yaml, line 4",
        "standard.yaml, line 5",
    ]


MANY = "standard.yaml has more than 50,000 values with those that its aliases repeat. Use fewer aliases."


def test_an_alias_within_its_own_anchor_is_refused() -> None:
    assert mistake("version: 1\nloop: &here [*here]") == MANY


def test_aliases_of_aliases_are_refused_without_their_values() -> None:
    bombs = "\n".join(f"  k{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 28))
    assert mistake(f"version: 1\nbomb:\n  k0: &a0 [x]\n{bombs}") == MANY


@pytest.mark.parametrize("value", ["!!int ''", "!!bool x", "!!timestamp x", "!!float ''", "!!binary é"])
def test_a_tag_that_does_not_fit_its_value_is_a_sentence(value: str) -> None:
    assert mistake(f"version: 1\nname: {value}").startswith("standard.yaml")


def read(text: str) -> Standard | str:
    """The standard, or the sentences about its mistakes."""
    try:
        return Standard.parse(text)
    except StandardInvalid as invalid:
        return str(invalid)


@given(st.text(max_size=200))
def test_any_text_is_a_standard_or_the_reason_is_reported(text: str) -> None:
    assert read(text)
    assert read(f"version: 1\n{text}")


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=9), st.lists, max_leaves=9))
def test_any_value_of_any_field_is_accepted_or_reported(value: object) -> None:
    for name in model_of(Standard).model_fields:
        found = read(yaml.safe_dump({"version": 1, name: value}))
        assert isinstance(found, Standard) or "line" in found or "YAML" in found


def test_text_stays_what_was_written() -> None:
    """YAML 1.1 would make a boolean, a date and an octal number of these."""
    standard = Standard.parse(
        "version: 1\nname: 2026-08-01\nmode: off\nscope: {include: [{account: 012345670123}, {account: 123456789012}]}"
        "\nrules: [{rules: task.*, mode: off}]\nlayers: [{where: {account: 012345670123}, mode: off}]"
    )
    assert (standard.name, standard.mode) == ("2026-08-01", Mode.OFF)
    assert (standard.rules[0].mode, standard.layers[0].mode) == (Mode.OFF, Mode.OFF)
    assert [selector.account for selector in standard.scope.include] == [("012345670123",), ("123456789012",)]


def test_what_was_read_as_yaml_1_1_and_written_again_is_understood() -> None:
    standard = Standard.parse(
        "version: 1\nmode: false\nrules: [{rules: task.*, mode: false}]"
        "\nlayers: [{where: {account: '1*'}, mode: false}]\nnotification: {quiet_hours: {begin: 1080, end: 480}}"
    )
    assert (standard.mode, standard.rules[0].mode, standard.layers[0].mode) == (Mode.OFF, Mode.OFF, Mode.OFF)
    quiet = standard.notification.quiet_hours
    assert quiet is not None
    assert (quiet.begin, quiet.end) == ("18:00", "08:00")


@pytest.mark.parametrize("text", ["mode: true", "notification: {quiet_hours: {begin: true, end: 480}}"])
def test_a_boolean_that_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(StandardInvalid):
        Standard.parse(f"version: 1\n{text}")


@pytest.mark.parametrize("day", ["0", "'1830297600'", "2027-01-31T00:00:00+05:00", "31.01.2027"])
def test_the_last_day_of_an_exemption_is_a_date_and_no_moment(day: str) -> None:
    entry = f"{{rules: task.*, where: {{family: web}}, reason: It moves next month., expires: {day}}}"
    with pytest.raises(StandardInvalid, match="a date such as 2026-12-31"):
        Standard.parse(f"version: 1\nexemptions: [{entry}]")


@pytest.mark.parametrize("name", ["''", "'a=b'", "'a,b'"])
def test_an_attribute_that_no_application_can_set_is_refused(name: str) -> None:
    with pytest.raises(StandardInvalid, match="names of attributes"):
        Standard.parse(f"version: 1\napplications: {{resource_attributes: [{name}]}}")


def test_the_packaged_standard_is_the_defaults_by_another_name() -> None:
    assert default_standard().model_copy(update={"name": "default"}) == Standard.parse("version: 1")


class TestSelector:
    """Which workloads a selector means."""

    @pytest.mark.parametrize(
        ("selector", "meant"),
        [
            ("family: web", True),
            ("family: WEB", False),
            ("family: [api, w*]", True),
            ("{family: web, region: us-*}", False),
            ("{family: web, region: eu-*}", True),
            ("account: '1234*'", True),
            ("cluster: prod", True),
            ("service: web", True),
            ("service: prod/web", False),
            ("tags: {team: shop}", True),
            ("tags: {team: sh?p, tier: critical}", True),
            ("tags: {team: shop, stage: '*'}", False),
        ],
    )
    def test_every_member_must_match(self, selector: str, *, meant: bool) -> None:
        standard = Standard.parse(f"version: 1\nscope:\n  include:\n  - {selector}")
        service = {
            "serviceName": "web",
            "clusterArn": "arn:aws:ecs:eu-west-1:123456789012:cluster/prod",
            "tags": [{"key": "tier", "value": "critical"}],
        }
        assert standard.scope.include[0].matches(workload(service, {"team": "shop"})) is meant

    def test_without_a_service_no_cluster_matches(self) -> None:
        standard = Standard.parse("version: 1\nscope: {include: [{cluster: '*'}]}")
        assert not standard.scope.include[0].matches(workload())


class TestSetting:
    """How a rule is applied to a workload."""

    def test_without_an_entry_it_is_the_rule_and_the_document_as_they_are(self) -> None:
        standard = Standard.parse("version: 1\nmode: register")
        setting = standard.setting(RULE, workload())
        assert (setting.mode, setting.severity) == (Mode.REGISTER, Severity.HIGH)
        assert setting.standard is standard

    def test_a_later_entry_wins_and_one_that_does_not_match_counts_for_nothing(self) -> None:
        standard = Standard.parse(
            """
            version: 1
            rules:
            - {rules: "*", mode: deploy, severity: LOW}
            - {rules: sidecar.*, severity: CRITICAL}
            - {rules: task.*, mode: off}
            - {rules: "*", where: {family: other}, mode: off}
            """
        )
        setting = standard.setting(RULE, workload())
        assert (setting.mode, setting.severity) == (Mode.DEPLOY, Severity.CRITICAL)

    def test_members_are_set_one_by_one(self) -> None:
        standard = Standard.parse(
            """
            version: 1
            collector: {memory: 300, logging: {group: /all}}
            rules:
            - {rules: "*", set: {collector: {cpu: 512, logging: {stream_prefix: adot}}}}
            - {rules: sidecar.*, set: {collector: {cpu: 1024}}}
            """
        )
        seen = standard.setting(RULE, workload()).standard.collector
        assert (seen.cpu, seen.memory) == (1024, 300)
        assert (seen.logging.group, seen.logging.stream_prefix) == ("/all", "adot")
        assert standard.collector.cpu == 256, "the document itself stays as it is"


class TestExemption:
    """What an exemption covers, and until when."""

    @pytest.mark.parametrize(
        ("members", "covered"),
        [
            ("where: {family: web}", True),
            ("where: {family: api}", False),
            ("where: {family: web}, expires: 2026-08-01", True),
            ("where: {family: web}, expires: 2026-07-31", False),
            ("where: {resource: /fargate/*}", True),
        ],
    )
    def test_it_covers_what_it_names_until_its_last_day(self, members: str, *, covered: bool) -> None:
        standard = Standard.parse(f"version: 1\nexemptions: [{{rules: sidecar.*, reason: being replaced, {members}}}]")
        found = standard.exemption("sidecar.present", workload(), "/fargate/config")
        assert (found is not None) is covered
        assert standard.exemption("task.size", workload(), "/fargate/config") is None


def test_modes_are_capped() -> None:
    assert Mode.DEPLOY.capped(Mode.REGISTER) is Mode.REGISTER
    assert Mode.REPORT.capped(Mode.DEPLOY) is Mode.REPORT


class TestDocumentation:
    """docs/standard.md, its schema and the examples."""

    def test_they_are_as_the_model_is(self) -> None:
        done = subprocess.run(  # noqa: S603 - our own tool
            [sys.executable, str(ROOT / "tools" / "standard_schema.py"), "--check"],
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr

    @pytest.mark.parametrize("path", [*EXAMPLES, DEFAULT], ids=lambda path: path.stem)
    def test_an_example_has_neither_errors_nor_warnings(self, path: Path) -> None:
        found = checked(path.read_text(encoding="utf-8"), path.name, CATALOGUE, date(2026, 11, 29))
        assert found.warnings == ()

    @pytest.mark.parametrize("path", [*EXAMPLES, DEFAULT], ids=lambda path: path.stem)
    def test_the_schema_takes_it(self, path: Path) -> None:
        schema = json.loads((ROOT / "docs" / "standard.schema.json").read_text(encoding="utf-8"))
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - makes text alone
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.validate(_typed(content), schema)

    def test_the_schema_refuses_what_is_no_field(self) -> None:
        schema = json.loads((ROOT / "docs" / "standard.schema.json").read_text(encoding="utf-8"))
        for content in (
            {"version": 1, "colector": {}},
            {"version": 1, "rules": [{"rules": "*", "set": {"scope": {}}}]},
        ):
            with pytest.raises(jsonschema.ValidationError):
                jsonschema.validate(content, schema)

    def test_every_field_is_described(self) -> None:
        def bare(part: type[Part]) -> list[str]:
            fields = model_of(part).model_fields
            return [f"{part.__name__}.{name}" for name, info in fields.items() if not info.description]

        parts = [part for each in Part.__subclasses__() for part in [each, *each.__subclasses__()]]
        assert len(parts) > 10
        assert [name for part in parts for name in bare(part)] == []


def _typed(node: Any) -> Any:
    """Null, numbers and booleans as YAML 1.2 has them, for a loader that makes text alone."""
    if isinstance(node, dict):
        return {key: _typed(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_typed(item) for item in node]
    if node in {"true", "false", "null"}:
        return None if node == "null" else node == "true"
    return int(node) if node.isdigit() and len(node) < 12 else node
