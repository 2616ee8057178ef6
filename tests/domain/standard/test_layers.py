"""Layers: which one wins, and that none loosens what the organisation locks."""

from datetime import date
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from domain.ecs.task_definition import TaskDefinition
from domain.organization import Membership
from domain.places import Place
from domain.severity import Severity
from domain.standard import Mode, Standard, StandardInvalid
from domain.standard.checking import checked
from domain.standard.layered import standard_of
from domain.standard.sections import SETTABLE
from domain.standard.strictness import at_least
from domain.workload import Workload
from rules import CATALOGUE

ACCOUNT, OTHER = "111122223333", "444455556666"
ROOT, UNIT, BELOW = "r-ab12", "ou-ab12-11111111", "ou-ab12-22222222"
MEMBER = Membership(ACCOUNT, (ROOT, UNIT, BELOW), {"environment": "production"})
BY_ID = {rule.id: rule for rule in CATALOGUE}
LOCKED, FREE = BY_ID["sidecar.image-approved"], BY_ID["sidecar.resources"]


def workload(account: str = ACCOUNT, family: str = "web") -> Workload:
    task = TaskDefinition({"family": family, "containerDefinitions": []})
    return Workload(Place(account, "eu-west-1"), task)


def standard(text: str) -> Standard:
    return Standard.parse(f"version: 1\n{text}")


def problems(text: str) -> list[str]:
    try:
        found = checked(f"version: 1\n{text}", "s.yaml", CATALOGUE, date(2026, 11, 29)).warnings
    except StandardInvalid as invalid:
        found = invalid.problems
    return [each.described("s.yaml") for each in found]


# --- the order --------------------------------------------------------------------------------------------------------

EVERY_LEVEL = f"""
mode: report
layers:
  - {{where: {{account: '{ACCOUNT}'}}, set: {{collector: {{cpu: 5}}}}}}
  - {{where: {{tags: {{environment: prod*}}}}, set: {{collector: {{cpu: 4, memory: 104}}}}}}
  - {{where: {{unit: {BELOW}}}, set: {{collector: {{cpu: 3, memory: 103, user: '3'}}}}}}
  - {{where: {{unit: {UNIT}}}, mode: register, set: {{collector: {{cpu: 2, memory: 102, user: '2', name: two}}}}}}
  - {{where: {{account: '{OTHER}'}}, mode: deploy, set: {{collector: {{cpu: 6}}}}}}
"""


def test_an_account_wins_over_tags_tags_over_a_unit_and_a_lower_unit_over_a_higher_one() -> None:
    found = standard_of(standard(EVERY_LEVEL), MEMBER)
    assert (found.collector.cpu, found.collector.memory, found.collector.user) == (5, 104, "3")
    assert (found.collector.name, found.mode) == ("two", Mode.REGISTER)


def test_set_does_not_reach_what_an_entry_of_collectors_selects_and_an_entry_of_rules_does() -> None:
    found = standard_of(
        standard(f"""
collectors: [{{where: {{family: web}}, memory: 1024}}]
layers:
  - where: {{account: '{ACCOUNT}'}}
    set: {{collector: {{memory: 777, cpu: 128}}}}
    rules: [{{rules: sidecar.resources, set: {{collector: {{cpu: 300}}}}}}]
"""),
        MEMBER,
    )
    own, other = (found.setting(FREE, workload(family=family)).standard.collector for family in ("web", "other"))
    assert [(each.memory, each.cpu) for each in (own, other)] == [(1024, 300), (777, 300)]


def test_an_account_whose_unit_and_tags_are_not_known_has_the_layers_of_its_number_alone() -> None:
    found = standard_of(standard(EVERY_LEVEL), Membership(ACCOUNT))
    assert (found.collector.cpu, found.collector.memory, found.mode) == (5, 512, Mode.REPORT)


def test_an_account_without_layers_has_the_organisations_standard_itself() -> None:
    whole = standard(EVERY_LEVEL)
    assert standard_of(whole, Membership("777788889999", (ROOT,), {})) is whole


def test_a_layers_entries_follow_those_of_the_document_and_keep_their_own_selectors() -> None:
    found = standard_of(
        standard(f"""
rules: [{{rules: sidecar.*, mode: deploy}}]
layers:
  - where: {{unit: {UNIT}}}
    rules: [{{rules: sidecar.resources, where: {{family: web}}, mode: report, set: {{collector: {{cpu: 64}}}}}}]
    exemptions: [{{rules: sidecar.*, where: {{family: batch}}, reason: it ends within seconds}}]
"""),
        MEMBER,
    )
    assert found.setting(FREE, workload()).mode is Mode.REPORT
    assert found.setting(FREE, workload()).standard.collector.cpu == 64
    assert found.setting(FREE, workload(family="api")).mode is Mode.DEPLOY
    assert found.exemption(FREE.id, workload(family="batch"), "") is not None


# --- what is locked ---------------------------------------------------------------------------------------------------

LOW = "rules: [{rules: '*', severity: LOW}]"
LAYER = "layers:\n  - where: {account: '111122223333'}\n    "


@pytest.mark.parametrize(
    ("document", "layer", "problem"),
    [
        (
            "mode: register\nlocked: {rules: sidecar.image-approved}\n",
            "mode: report",
            "layers[0].mode is lower than the document's mode, register, and sidecar.image-approved is locked.",
        ),
        (
            "rules: [{rules: sidecar.*, mode: register}]\nlocked: {rules: sidecar.image-appr*}\n",
            "rules: [{rules: 'sidecar.*', mode: off}]",
            "layers[0].rules[0].mode is lower than the organisation's, register, and sidecar.image-approved is locked.",
        ),
        (
            "locked: {rules: sidecar.image-approved}\n",
            "rules: [{rules: 'sidecar.*', severity: LOW}]",
            (
                "layers[0].rules[0].severity is lower than the organisation's, MEDIUM, and sidecar.image-approved"
                " is locked."
            ),
        ),
        (
            "locked: {rules: sidecar.image-approved}\n",
            "rules: [{rules: 'sidecar.*', approval: true}]",
            "layers[0].rules[0].approval makes corrections wait for approval, and sidecar.image-approved is locked.",
        ),
        (
            "locked: {rules: sidecar.image-approved}\n",
            "rules: [{rules: 'sidecar.*', set: {collector: {support_days: 900}}}]",
            (
                "layers[0].rules[0].set.collector.support_days is no stricter value than the organisation's, and a rule"
                " of this entry is locked."
            ),
        ),
        (
            "locked: {rules: sidecar.image-approved}\n",
            "exemptions: [{rules: 'sidecar.*', where: {family: web}, reason: because we can}]",
            "layers[0].exemptions[0].rules exempts from sidecar.image-approved, which is locked.",
        ),
        (
            "locked: {settings: collector.support_days}\n",
            "set: {collector: {support_days: 90}}",
            (
                "layers[0].set.collector.support_days is no stricter value than the organisation's, and"
                " collector.support_days is locked."
            ),
        ),
        (
            "locked: {settings: [collector.user]}\n",
            "rules: [{rules: sidecar.resources, set: {collector: {user: root}}}]",
            (
                "layers[0].rules[0].set.collector.user is no stricter value than the organisation's, and collector.user"
                " is locked."
            ),
        ),
    ],
)
def test_a_layer_that_loosens_what_is_locked_is_an_error_with_its_line(document: str, layer: str, problem: str) -> None:
    line = document.count("\n") + 4
    assert problems(f"{document}{LAYER}{layer}\n") == [f"s.yaml, line {line}: {problem}"]


@pytest.mark.parametrize(
    "text",
    [
        f"locked: {{rules: sidecar.*}}\n{LAYER}rules: [{{rules: sidecar.*, mode: deploy, severity: CRITICAL}}]",
        f"locked: {{settings: [collector.support_days]}}\n{LAYER}set: {{collector: {{support_days: 30}}}}",
        f"locked: {{settings: [collector.support_days]}}\n{LAYER}set: {{collector: {{cpu: 64}}}}",
        f"locked: {{rules: sidecar.image-approved}}\n{LAYER}rules: [{{rules: sidecar.resources, mode: off}}]",
        f"{LOW}\nlocked: {{rules: '*'}}\n{LAYER}{LOW}",
    ],
)
def test_what_is_as_strict_or_not_locked_may_be_set(text: str) -> None:
    assert problems(text) == []


@pytest.mark.parametrize(
    ("own", "given"),
    [("repo:v0.49.0", "repo:v0.50.0"), ("repo:v0.49.0", "repo:v0.49.0"), ("repo:1.9.0", "repo:1.10.0")],
)
def test_of_a_locked_image_a_later_release_may_be_set(own: str, given: str) -> None:
    assert at_least("collector.image", given, own)


@pytest.mark.parametrize(
    ("own", "given"),
    [
        ("repo:v0.49.0", "repo:v0.48.9"),
        ("repo:v0.49.0", "repo:v0.49.0-evil"),
        ("repo:v0.49.0", "repo:v0.50.0-rc1"),
        ("repo:v0.49.0", "repo:build-999"),
        ("repo:v0.49.0", "repo:0.50.0"),
        ("repo:v0.49.0", "repo:v0.50"),
        ("repo:v0.49.0", "repo:v0.5\u0661.0"),
        ("repo:v0.49.0", "other:v0.50.0"),
        ("repo:stable-1", "repo:v0.50.0"),
        ("repo:v0.49.0@sha256:ab", "repo:v0.50.0@sha256:ab"),
        ("repo:v0.49.0", "repo:v0.50.0@sha256:ab"),
    ],
)
def test_of_a_locked_image_no_other_tag_and_no_other_repository_may_be_set(own: str, given: str) -> None:
    assert not at_least("collector.image", given, own)


def test_a_layer_whose_image_is_no_later_release_has_the_organisations() -> None:
    text = "collector: {image: 'repo:v0.49.0'}\nlocked: {settings: collector.image}\n"
    layered = standard(f"{text}{LAYER}set: {{collector: {{image: 'repo:v0.49.0-evil'}}}}")
    assert standard_of(layered, MEMBER).collector.image == "repo:v0.49.0"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("layers: [{where: {}, mode: report}]", "layers[0].where must select accounts by unit, account or tags."),
        (
            "layers: [{where: {unit: Production}, mode: report}]",
            (
                "layers[0].where.unit[0] must be the id of an organisational unit such as ou-ab12-cd34ef56, or of the"
                " root, not Production."
            ),
        ),
        ("layers: [{where: {account: '1*3'}}]", "layers[0] sets nothing: add mode, rules, exemptions or set."),
        (
            f"{LAYER}set: {{collector: {{kind: none}}}}",
            (
                "layers[0].set must be without collector.kind, which all rules share: set it for the document, or in"
                " collectors."
            ),
        ),
        (
            f"{LAYER}set: {{remediation: {{stop_after: 9}}}}",
            (
                "layers[0].set must be without remediation.stop_after, which is for all accounts: set it for the"
                " document."
            ),
        ),
        (
            "locked: {settings: [collector.minimum]}",
            "locked.settings must be fields such as collector.minimum_release; collector.minimum is none.",
        ),
        (
            "locked: {rules: sidecar.gone}",
            "locked.rules[0] sidecar.gone matches no rule; perhaps sidecar.single is meant.",
        ),
    ],
)
def test_what_is_wrong_with_a_layer_is_said(text: str, problem: str) -> None:
    assert problem in [each.partition(": ")[2] for each in problems(text)]


# --- for every document -----------------------------------------------------------------------------------------------

_MODES, _SEVERITIES = st.sampled_from(Mode), st.sampled_from(Severity)
_RULES = st.sampled_from(["*", "sidecar.*", LOCKED.id, FREE.id])
_VALUES: dict[str, dict[str, Any]] = {
    "collector": {
        "image": st.sampled_from(["v0.46.0", "v0.49.0", "v0.50.0"]).map(
            lambda tag: f"public.ecr.aws/aws-observability/aws-otel-collector:{tag}"
        ),
        "minimum_release": st.sampled_from([None, "v0.40.0", "v0.47.0", "v0.49.0"]),
        "support_days": st.sampled_from([None, 0, 60, 900]),
        "repositories": st.sampled_from([["*"], [], ["public.ecr.aws/aws-observability/aws-otel-collector"]]),
        "allow_secrets_manager": st.booleans(),
        "cpu": st.integers(0, 512),
    },
    "applications": {"require_endpoint": st.booleans(), "memory_floor": st.integers(0, 1024)},
    "services": {"platform_version": st.sampled_from(["1.3.0", "1.4.0"]), "config_grace_days": st.integers(0, 30)},
}
_SET = st.fixed_dictionaries(
    {}, optional={name: st.fixed_dictionaries({}, optional=fields) for name, fields in _VALUES.items()}
)
_SELECTOR = st.sampled_from([{}, {"family": "web"}, {"family": "api"}, {"account": ACCOUNT}])
_ENTRY = st.fixed_dictionaries(
    {"rules": _RULES, "where": _SELECTOR},
    optional={
        "mode": _MODES.map(str),
        "severity": _SEVERITIES.map(str),
        "approval": st.booleans(),
        "set": _SET,
    },
)
_EXEMPTION = st.fixed_dictionaries(
    {"rules": _RULES, "where": st.sampled_from([{"family": "*"}, {"family": "web"}]), "reason": st.just("x" * 9)}
)
_WHERE = st.sampled_from(
    [{"unit": ROOT}, {"unit": BELOW}, {"account": ACCOUNT}, {"tags": {"environment": "*"}}, {"account": "*"}]
)
_LAYER = st.fixed_dictionaries(
    {"where": _WHERE},
    optional={
        "mode": _MODES.map(str),
        "rules": st.lists(_ENTRY, max_size=3),
        "exemptions": st.lists(_EXEMPTION, max_size=2),
        "set": _SET,
    },
)
_DOCUMENT = st.fixed_dictionaries(
    {"version": st.just(1), "layers": st.lists(_LAYER, max_size=4)},
    optional={
        "mode": _MODES.map(str),
        "rules": st.lists(_ENTRY, max_size=3),
        "exemptions": st.lists(_EXEMPTION, max_size=1),
        "locked": st.fixed_dictionaries(
            {"rules": st.just([LOCKED.id])},
            optional={"settings": st.lists(st.sampled_from(["collector.cpu", "collector.support_days"]))},
        ),
    },
)


@given(_DOCUMENT, st.sampled_from([MEMBER, Membership(ACCOUNT), Membership(OTHER, (ROOT,), {})]))
def test_no_layer_loosens_what_is_locked(document: dict[str, Any], member: Membership) -> None:
    """Also in a document that is not checked, as the last good one is read."""
    whole = Standard.parse(yaml.safe_dump(document))
    found, on = standard_of(whole, member), workload(member.account)
    for rule in (LOCKED, FREE):
        own, layered = whole.setting(rule, on), found.setting(rule, on)
        is_locked = whole.locked.holds(rule.id)
        if is_locked:
            assert layered.mode.rank >= own.mode.rank
            assert layered.severity >= own.severity
            assert layered.unasked.rank >= own.unasked.rank
            if whole.exemption(rule.id, on, "") is None:
                assert found.exemption(rule.id, on, "") is None
        for section, part in SETTABLE.items():
            for name in part.__dataclass_fields__:  # type: ignore[attr-defined] # a dataclass
                field = f"{section}.{name}"
                if is_locked:
                    assert at_least(
                        field,
                        getattr(getattr(layered.standard, section), name),
                        getattr(getattr(own.standard, section), name),
                    ), field
                elif field in whole.locked.settings and not any(entry.set for entry in whole.rules):
                    assert at_least(
                        field, getattr(getattr(layered.standard, section), name), getattr(getattr(whole, section), name)
                    ), field
