"""The command that is shown makes exactly the correction, and shows nothing that is hidden."""

import copy
import json
import shlex
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aws.ecs import registrable_members
from domain.drift import Safety
from domain.ecs.service import Service
from domain.ecs.task_definition import TaskDefinition
from domain.places import Revision
from domain.remediation.plan import Plan
from domain.standard import Standard, default_standard
from domain.workload import Workload
from reports.command import command
from tests.profiles import examples
from tests.reports import samples
from tests.reports.plans import plan_of, planned
from tests.rules.examples import all_examples
from tests.strategies import PLACE, corpus, workloads

JQ = shutil.which("jq") or ""
CANARY = samples.CANARY
with_jq = pytest.mark.skipif(not JQ, reason="jq is not on this machine, and nothing else can run the command's program")
thoroughly = examples(60)


def app(**members: Any) -> dict[str, Any]:
    return {"family": "web", "containerDefinitions": [{"name": "app", **members}]}


def words(text: str) -> list[list[str]]:
    """The commands of a pipe, as a shell takes them apart."""
    found = list[list[str]]([[]])
    for word in shlex.split(text):
        if word == "|":
            found.append([])
        else:
            found[-1].append(word)
    return found


def described(plan: Plan) -> str:
    """What `aws ecs describe-task-definition --include TAGS` prints of the source."""
    task = plan.before.task.to_aws()
    return json.dumps({"tags": task.pop("tags", None) or [], "taskDefinition": task})


def run(text: str, plan: Plan) -> Any:
    """What the command would register."""
    _, jq, _ = words(text)
    done = subprocess.run([JQ, *jq[1:]], input=described(plan), capture_output=True, text=True, check=True)  # noqa: S603 - jq
    return json.loads(done.stdout)


def registered(plan: Plan) -> Any:
    """What is to be registered: what botocore's model takes of the result, and the tags that may be set."""
    task = plan.after.task.with_tags({})
    known = task.only(registrable_members() | {name for name in task.json if name.startswith("x")}).to_aws()
    return {name: value for name, value in known.items() if name != "tags" or value}


def canonical(thing: Any) -> str:
    """JSON numbers are one kind: jq writes 1.0 as it likes."""
    return json.dumps(json.loads(json.dumps(thing), parse_int=float), sort_keys=True)


def holds(plan: Plan) -> bool:
    """Whether there is a command; where there is one, it is exact and shows nothing that is hidden."""
    text = command(plan)
    assert CANARY not in text
    assert len(text) <= 2500
    if not text:
        return False
    assert text.isascii()
    assert text.isprintable()
    if JQ:
        assert canonical(run(text, plan)) == canonical(registered(plan))
    return True


def test_a_pinned_image_is_one_line_to_paste() -> None:
    region = ["--region", "eu-west-1"]
    describe, jq, register = words(command(samples.plan()))
    arn = "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:7"
    assert describe == ["aws", "ecs", "describe-task-definition", "--task-definition", arn,
                        "--include", "TAGS", *region, "--output", "json"]  # fmt: skip
    assert jq[0] == "jq"
    assert f'|.containerDefinitions[1].image="{samples.IMAGE}:v0.49.0"|' in jq[1]
    assert register == ["aws", "ecs", "register-task-definition", *region, "--cli-input-json", "file:///dev/stdin"]


@with_jq
def test_a_shell_runs_it_as_it_is_pasted(tmp_path: Path) -> None:
    plan = plan_of(app(), app(image="it's `$HOME` & \\ !"))
    (tmp_path / "described.json").write_text(described(plan), encoding="utf-8")
    aws = tmp_path / "aws"
    lines = ["#!/bin/sh", '[ "$2" = describe-task-definition ] && exec cat "$HERE/described.json"',
             'exec cat > "$HERE/registered.json"', ""]  # fmt: skip
    aws.write_text("\n".join(lines), encoding="utf-8")
    aws.chmod(0o755)
    path = f"{tmp_path}:{Path(JQ).parent}:/usr/bin:/bin"
    subprocess.run(["/bin/sh", "-c", command(plan)], env={"PATH": path, "HERE": str(tmp_path)}, check=True)  # noqa: S603 - the command under test
    assert json.loads((tmp_path / "registered.json").read_text(encoding="utf-8")) == registered(plan)


@with_jq
@thoroughly
@given(workloads())
def test_what_is_registered_is_the_plan_and_nothing_hidden_is_shown(given_: tuple[Workload, Standard]) -> None:
    holds(planned(*given_))


@pytest.mark.parametrize("name", corpus() or [pytest.param("", marks=pytest.mark.skip("no corpus"))])
def test_of_what_people_published_as_well(name: str) -> None:
    task = TaskDefinition(corpus()[name]).only(registrable_members())  # as it would be described once registered
    plan = planned(Workload(PLACE, task), default_standard())
    assert holds(plan) is plan.changes_task


def test_most_corrections_of_the_rules_examples_can_be_pasted() -> None:
    plans = [
        plan_of(each.before.task.to_aws(), each.after.task.to_aws(), place=each.before.place)
        for each in all_examples()
        if each.before.service is None and each.after is not None and each.after.task != each.before.task
    ]
    said = sum(map(holds, plans))
    assert len(plans) > 50
    assert said / len(plans) > 0.75


keys = st.sampled_from(["family", "cpu", "x-new", "x new", "x'y", "volumes", "if", "containerDefinitions"])
texts = st.text(max_size=20) | st.sampled_from(
    ["'", "`", '"', "\\(1+1)", "$HOME", "a\nb", "\x7f", "\u202e", "!!", "\x00"]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys | texts, inner, max_size=3),
    max_leaves=8,
)


@with_jq
@thoroughly
@given(st.dictionaries(keys, values, max_size=4), st.lists(texts, max_size=4))
@example({}, ["a'b", "c`d", '"', "\\(1)", "\n", "\x7f", "\U0001f525"])
def test_any_text_is_quoted_for_shell_and_jq(other: dict[str, Any], images: list[str]) -> None:
    """Images are shown, whatever they are; all else that is new here is hidden, and copied where it stood."""
    before = {"x-new": [other], "containerDefinitions": [{"name": "app", "image": "web"}]}
    after = copy.deepcopy(before) | {"x-new": [other], "x-a": [other]} if other else copy.deepcopy(before)
    after["containerDefinitions"] += [{"name": f"c{n}", "image": image} for n, image in enumerate(images)]
    plan = plan_of(before, after)
    holds(plan)


@with_jq
def test_what_is_hidden_and_stands_in_the_source_is_copied() -> None:
    token = {"name": "TOKEN", "value": CANARY}
    before = app(environment=[token], command=["serve", CANARY], healthCheck={"command": ["CMD", CANARY]})
    moved = app(environment=[{"name": "FIRST_TOKEN", "value": CANARY}, token])
    moved["containerDefinitions"].append({"name": "other", "image": "other:1", "command": ["serve", CANARY]})
    plan = plan_of(before, before | moved)
    assert holds(plan)
    assert "$o" in command(plan)


@pytest.mark.parametrize(
    "members",
    [
        {"environment": [{"name": "TOKEN", "value": CANARY}]},
        {"environment": [{"name": "OTEL_EXPORTER_OTLP_ENDPOINT", "value": f"https://user:{CANARY}@h/"}]},
        {"command": ["--token", CANARY]},
        {"dockerLabels": {"image": CANARY}},
        {"logConfiguration": {"logDriver": "splunk", "options": {"splunk-token": CANARY}}},
        {"healthCheck": {"command": ["CMD", CANARY]}},
        {"x-new": {"secret": CANARY}},
        {"x-new": 4711},
    ],
)
def test_what_is_new_and_hidden_is_not_shown_and_so_there_is_no_command(members: dict[str, Any]) -> None:
    assert command(plan_of(app(), app(**members))) == ""


def test_a_value_that_was_not_kept_is_copied_from_no_other() -> None:
    task = TaskDefinition(app(environment=[{"name": "A", "value": "a"}, {"name": "B", "value": "b"}]))
    known = task.without_values().to_aws()
    renamed = copy.deepcopy(known)
    renamed["containerDefinitions"][0]["environment"][1]["name"] = "C"
    assert command(plan_of(known, renamed)) == ""
    assert command(plan_of(known, known | {"cpu": "512"})) != ""


def test_what_jq_would_not_give_back_exactly_has_no_command() -> None:
    assert command(plan_of(app(**{"x-new": 2**60}), app(image="web:1", **{"x-new": 2**60}))) == ""
    assert command(plan_of(app(), app(image="\ud800"))) == ""


def test_tags_are_kept_by_name_since_they_may_change() -> None:
    tags = [{"key": "team", "value": "shop"}, {"key": "aws:cloudformation:stack-name", "value": "shop"}]
    plan = plan_of(app() | {"tags": tags}, app(image="web:1") | {"tags": tags})
    if JQ:
        assert run(command(plan), plan)["tags"] == tags[:1]
    assert "shop" not in command(plan)
    assert command(plan_of(app() | {"tags": tags}, app() | {"tags": [*tags, {"key": "a", "value": "b"}]})) == ""


def test_a_command_that_is_too_long_is_none() -> None:
    assert command(plan_of(app(), app(image="w" * 1800))) != ""
    assert command(plan_of(app(), app(image="w" * 2500))) == ""


def test_a_definition_from_a_file_and_a_plan_of_nothing_have_none() -> None:
    plan = samples.plan()
    from_file = replace(plan, before=plan.before.with_task(plan.before.task.with_(taskDefinitionArn=None)))
    assert command(from_file) == ""
    assert command(replace(plan, after=plan.before)) == ""


def test_hostile_names_stay_one_word() -> None:
    for family in ("a b", "a'b", "$(x)", "a;b", 'a"b', "-x"):
        text = command(plan_of(app(), app(image="web:1"), family=family))
        assert words(text)[0][4].endswith(f"task-definition/{family}:7")
    assert command(plan_of(app(), app(image="web:1"), family="a\nb")) == ""


SERVICE = Service(
    {
        "serviceArn": "arn:aws:ecs:eu-west-1:123456789012:service/prod/web",
        "serviceName": "web",
        "clusterArn": "arn:aws:ecs:eu-west-1:123456789012:cluster/prod",
        "platformVersion": "1.3.0",
        "taskDefinition": Revision(PLACE, "web", 7).arn,
    }
)
UPDATE = ["aws", "ecs", "update-service", "--region", "eu-west-1", "--cluster",
          "arn:aws:ecs:eu-west-1:123456789012:cluster/prod", "--service", "web"]  # fmt: skip


@pytest.mark.parametrize(
    ("members", "options"),
    [
        ({"platformVersion": "LATEST"}, ["--platform-version", "LATEST"]),
        ({"taskDefinition": Revision(PLACE, "web", 8).arn}, ["--task-definition", Revision(PLACE, "web", 8).arn]),
        ({"forceNewDeployment": True}, ["--force-new-deployment"]),
        (
            {"platformVersion": "LATEST", "forceNewDeployment": True},
            ["--platform-version", "LATEST", "--force-new-deployment"],
        ),
        ({"platformVersion": "it's; new"}, ["--platform-version", "it's; new"]),
    ],
)
def test_a_service_is_updated_by_one_call(members: dict[str, Any], options: list[str]) -> None:
    before = Workload(PLACE, TaskDefinition(app()), SERVICE)
    plan = Plan(before, before.with_service(SERVICE.with_(**members)), (), Safety.SAFE, (), (), ())
    assert words(command(plan)) == [[*UPDATE, *options]]


def test_what_update_service_is_not_told_here_has_no_command() -> None:
    before = Workload(PLACE, TaskDefinition(app()), SERVICE)
    odd = before.with_service(SERVICE.with_(launchType="FARGATE", platformVersion="LATEST"))
    assert command(Plan(before, odd, (), Safety.SAFE, (), (), ())) == ""
    both = before.with_service(SERVICE.with_(platformVersion="LATEST")).with_task(TaskDefinition(app(cpu=1)))
    assert command(Plan(before, both, (), Safety.SAFE, (), (), ())) == ""
