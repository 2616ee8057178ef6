import copy
import json
from typing import Any

import pytest
from botocore.session import get_session
from hypothesis import given
from hypothesis import strategies as st

from domain.ecs.container import Container, Hidden
from domain.ecs.fargate import Size
from domain.ecs.service import Service
from domain.ecs.task_definition import DESCRIBED_ONLY, TaskDefinition
from domain.ecs.values import pairs_of, text_of, texts_of, truth_of

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
MEMBERS = [
    "name", "image", "essential", "cpu", "memory", "memoryReservation", "command", "entryPoint", "environment",
    "secrets", "environmentFiles", "portMappings", "dependsOn", "healthCheck", "logConfiguration",
    "firelensConfiguration", "restartPolicy", "family", "containerDefinitions", "networkMode", "executionRoleArn",
    "taskRoleArn", "requiresCompatibilities", "compatibilities", "runtimePlatform", "proxyConfiguration", "tags",
    "status", "taskDefinitionArn", "serviceArn", "serviceName", "clusterArn", "launchType", "platformVersion",
    "platformFamily", "capacityProviderStrategy", "runningCount", "taskDefinition",
]  # fmt: skip
DOCUMENTS = st.dictionaries(st.sampled_from(MEMBERS) | st.text(max_size=5), VALUES, max_size=12)
NAMES = st.sampled_from(["A", "B", "C"])


def properties_of(view: object) -> list[str]:
    return [name for name in dir(type(view)) if not name.startswith("_") and not callable(getattr(type(view), name))]


@given(DOCUMENTS)
def test_any_json_can_be_read_and_comes_back_byte_for_byte(document: dict[str, Any]) -> None:
    written = json.dumps(document)
    for view in (TaskDefinition(document), Service(document), Container(document)):
        for name in properties_of(view):
            getattr(view, name)
        view.with_(anything="else", family=None)
        assert json.dumps(view.to_aws()) == written
    assert json.dumps(document) == written


def test_what_is_given_out_is_the_callers_to_keep() -> None:
    document = {"family": "web", "containerDefinitions": [{"name": "app"}]}
    given_out = TaskDefinition(document).to_aws()
    given_out["containerDefinitions"][0]["name"] = "other"
    assert document["containerDefinitions"] == [{"name": "app"}]


@given(DOCUMENTS, st.dictionaries(st.sampled_from(MEMBERS), VALUES, max_size=4))
def test_a_changed_copy_differs_only_where_it_was_changed(document: dict[str, Any], changes: dict[str, Any]) -> None:
    changed = TaskDefinition(document).with_(**changes).json
    for name in {*document, *changes}:
        wanted = changes.get(name) if name in changes else document[name]
        if wanted is None and name in changes:
            assert name not in changed
        else:
            assert changed[name] == wanted
    kept = [name for name in document if name in changed]
    assert list(changed)[: len(kept)] == kept, "what was there keeps its place"


def test_environment_values_show_in_no_repr() -> None:
    secret = "s3cret"  # noqa: S105 - a canary
    container = {"name": "app", "environment": [{"name": "PASSWORD", "value": secret}]}
    task = TaskDefinition({"containerDefinitions": [container]})
    assert secret not in f"{task!r}{task.containers!r}{Service({'tags': secret})!r}"


@pytest.mark.parametrize(
    ("value", "text", "truth", "texts"),
    [
        ("true", "true", True, ("true",)),
        (" False ", " False ", False, (" False ",)),
        (True, None, True, ()),
        (5, "5", None, ()),
        (0.5, "0.5", None, ()),
        (None, None, None, ()),
        (["a", 1, None, {}], None, None, ("a", "1")),
        ({}, None, None, ()),
    ],
)
def test_values_of_the_wrong_type_are_borne(
    value: object, text: str | None, *, truth: bool | None, texts: tuple[str, ...]
) -> None:
    assert (text_of(value), truth_of(value), texts_of(value)) == (text, truth, texts)


@pytest.mark.parametrize(
    ("value", "pairs"),
    [
        ([{"name": "A", "value": "1"}, {"name": "A", "value": "2"}], {"A": "2"}),
        ([{"name": "A"}, {"name": "B", "value": None}, {"name": "C", "value": 3}], {"A": "", "B": "", "C": "3"}),
        ([{"value": "1"}, None, "A=1", {"name": "", "value": "1"}], {}),
        ({"A": "1"}, {}),
        (None, {}),
    ],
)
def test_pairs_are_read_and_the_last_of_a_name_wins(value: object, pairs: dict[str, str]) -> None:
    assert pairs_of(value, "name", "value") == pairs


class TestContainer:
    """One entry of containerDefinitions."""

    @pytest.mark.parametrize(
        ("document", "essential"),
        [
            ({}, True),
            ({"essential": None}, True),
            ({"essential": True}, True),
            ({"essential": False}, False),
            ({"essential": "false"}, False),
            ({"essential": "no"}, True),
        ],
    )
    def test_it_is_essential_unless_it_says_not(self, document: dict[str, Any], *, essential: bool) -> None:
        assert Container(document).essential is essential

    @pytest.mark.parametrize(
        ("document", "cpu", "limit", "reservation", "memory"),
        [
            ({}, 0, None, None, 0),
            ({"cpu": "256", "memory": 512}, 256, 512, None, 512),
            ({"memory": 512, "memoryReservation": "256"}, 0, 512, 256, 256),
            ({"cpu": 0, "memory": 0, "memoryReservation": 0}, 0, None, None, 0),
            ({"cpu": "much", "memory": []}, 0, None, None, 0),
        ],
    )
    def test_what_it_reserves(
        self, document: dict[str, Any], cpu: int, limit: int | None, reservation: int | None, memory: int
    ) -> None:
        container = Container(document)
        found = (container.cpu, container.memory_limit, container.memory_reservation, container.memory)
        assert found == (cpu, limit, reservation, memory)

    def test_a_variable_is_known_hidden_or_nothing(self) -> None:
        container = Container(
            {
                "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
                "secrets": [{"name": "B", "valueFrom": "/b"}],
            }
        )
        assert container.variable("A") == "1"
        assert container.variable("B") == Hidden("secrets")
        assert container.variable("C") is None
        with_file = container.with_(environmentFiles=[{"value": "arn:aws:s3:::b/env", "type": "s3"}])
        assert with_file.variable("A") == "1", "the definition beats a file"
        assert with_file.variable("C") == Hidden("environmentFiles")

    def test_setting_a_variable_takes_its_place_and_its_secret_away(self) -> None:
        container = Container(
            {
                "environment": [
                    {"name": "A", "value": "1", "x": 1},
                    {"name": "B", "value": "2"},
                    {"name": "A", "value": "3"},
                ],
                "secrets": [{"name": "A", "valueFrom": "/a"}, {"name": "S", "valueFrom": "/s"}],
            }
        )
        changed = container.with_variable("A", "new")
        assert changed.json["environment"] == [{"name": "A", "value": "new", "x": 1}, {"name": "B", "value": "2"}]
        assert changed.json["secrets"] == [{"name": "S", "valueFrom": "/s"}]

    def test_a_secret_takes_a_plain_variable_away(self) -> None:
        container = Container({"name": "c", "environment": [{"name": "A", "value": "1"}]})
        changed = container.with_secret("A", "/a")
        assert (changed.environment, changed.secrets) == ({}, {"A": "/a"})
        assert list(changed.json) == ["name", "environment", "secrets"]

    @given(st.lists(st.tuples(NAMES, st.text(max_size=3)), max_size=5), NAMES, st.text(max_size=3))
    def test_setting_a_variable_touches_no_other(self, given_: list[tuple[str, str]], name: str, value: str) -> None:
        entries = [{"name": key, "value": text} for key, text in given_]
        before = copy.deepcopy(entries)
        container = Container({"environment": entries})
        changed = container.with_variable(name, value)
        assert changed.environment == {**container.environment, name: value}
        assert [e for e in changed.json["environment"] if e["name"] != name] == [e for e in before if e["name"] != name]
        assert changed.with_variable(name, value) == changed
        assert entries == before

    def test_dependencies_are_read_as_written(self) -> None:
        container = Container({"dependsOn": [{"containerName": "a", "condition": "healthy"}, {}, "b"]})
        assert container.depends_on == (("a", "HEALTHY"), ("", ""))

    @pytest.mark.parametrize(
        ("policy", "restarts"), [({"enabled": True}, True), ({"enabled": "true"}, True), ({}, False), (None, False)]
    )
    def test_only_an_enabled_policy_restarts(self, policy: object, *, restarts: bool) -> None:
        assert Container({"restartPolicy": policy}).restarts is restarts

    def test_log_options_are_text(self) -> None:
        container = Container({"logConfiguration": {"logDriver": "awslogs", "options": {"a": "b", "c": 1, "d": None}}})
        assert (container.log_driver, container.log_options) == ("awslogs", {"a": "b", "c": "1", "d": ""})


class TestTaskDefinition:
    """A task definition."""

    @pytest.mark.parametrize(
        ("document", "size"),
        [
            ({"cpu": "512", "memory": "1024"}, Size(512, 1024)),
            ({"cpu": ".5 vCPU", "memory": "1 GB"}, Size(512, 1024)),
            ({"cpu": "512"}, None),
            ({"cpu": "512", "memory": "lots"}, None),
        ],
    )
    def test_its_size(self, document: dict[str, Any], size: Size | None) -> None:
        assert TaskDefinition(document).size == size

    @pytest.mark.parametrize(
        ("document", "types"),
        [
            ({"requiresCompatibilities": ["FARGATE"], "compatibilities": ["EC2", "FARGATE"]}, {"FARGATE"}),
            ({"requiresCompatibilities": [], "compatibilities": ["EC2"]}, {"EC2"}),
            ({"requiresCompatibilities": "fargate"}, {"FARGATE"}),
            ({}, set()),
        ],
    )
    def test_what_its_author_requires_decides_where_it_may_run(self, document: dict[str, Any], types: set[str]) -> None:
        assert TaskDefinition(document).launch_types == types

    @pytest.mark.parametrize(
        ("system", "windows"),
        [("WINDOWS_SERVER_2022_CORE", True), ("windows_server_2019_full", True), ("LINUX", False), (None, False)],
    )
    def test_windows_is_enabled_by_the_platform(self, system: str | None, *, windows: bool) -> None:
        assert TaskDefinition({"runtimePlatform": {"operatingSystemFamily": system}}).windows is windows

    @pytest.mark.parametrize(
        ("status", "active"), [("ACTIVE", True), ("INACTIVE", False), ("DELETE_IN_PROGRESS", False)]
    )
    def test_only_an_active_revision_is_active(self, status: str, *, active: bool) -> None:
        assert TaskDefinition({"status": status}).active is active
        assert TaskDefinition({}).active, "a file has no status"

    def test_an_empty_role_is_none(self) -> None:
        task = TaskDefinition({"executionRoleArn": "", "taskRoleArn": None})
        assert (task.execution_role, task.task_role) == (None, None)

    def test_a_replaced_container_keeps_its_place_and_what_is_no_container_stays(self) -> None:
        task = TaskDefinition({"containerDefinitions": [{"name": "a"}, None, {"name": "b", "cpu": 1}, {"name": "b"}]})
        changed = task.with_container(Container({"name": "b", "cpu": 2}))
        assert changed.json["containerDefinitions"] == [{"name": "a"}, None, {"name": "b", "cpu": 2}, {"name": "b"}]
        assert task.json["containerDefinitions"][2] == {"name": "b", "cpu": 1}

    def test_a_container_is_added_at_the_end(self) -> None:
        task = TaskDefinition({"containerDefinitions": None}).adding(Container({"name": "a"}))
        assert [container.name for container in task.adding(Container({"name": "b"})).containers] == ["a", "b"]

    def test_tags_are_added_to_and_those_of_aws_left_out(self) -> None:
        task = TaskDefinition(
            {"tags": [{"key": "aws:cloudformation:stack-name", "value": "s"}, {"key": "a", "value": "1"}]}
        )
        assert task.with_tags({"b": "2", "a": "3"}).json["tags"] == [
            {"key": "a", "value": "3"},
            {"key": "b", "value": "2"},
        ]
        assert "tags" not in TaskDefinition({"tags": [{"key": "aws:x", "value": "y"}]}).with_tags({}).json

    def test_only_the_members_that_a_call_takes_are_left(self) -> None:
        assert dict(TaskDefinition({"revision": 1, "family": "web", "cpu": "1"}).only(["cpu", "family"]).json) == {
            "family": "web",
            "cpu": "1",
        }


class TestService:
    """A service."""

    @pytest.mark.parametrize(
        ("document", "title"),
        [
            ({"serviceName": "web", "clusterArn": "arn:aws:ecs:eu-west-1:123456789012:cluster/prod"}, "prod/web"),
            ({"serviceArn": "arn:aws:ecs:eu-west-1:123456789012:service/prod/web", "cluster": "prod"}, "prod/web"),
            ({"serviceName": "web"}, "default/web"),
        ],
    )
    def test_its_title_is_cluster_and_name(self, document: dict[str, Any], title: str) -> None:
        assert Service(document).title == title

    @pytest.mark.parametrize(
        ("document", "fargate"),
        [
            ({"launchType": "FARGATE"}, True),
            ({"launchType": "EC2"}, False),
            ({"launchType": "EXTERNAL"}, False),
            ({"capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT"}]}, True),
            ({"capacityProviderStrategy": [{"capacityProvider": "asg"}, {"capacityProvider": "FARGATE"}]}, True),
            ({"capacityProviderStrategy": [{"capacityProvider": "my-asg"}], "launchType": "FARGATE"}, False),
            ({"capacityProviderStrategy": []}, None),
            ({}, None),
        ],
    )
    def test_where_it_places_tasks(self, document: dict[str, Any], *, fargate: bool | None) -> None:
        assert Service(document).fargate is fargate

    @pytest.mark.parametrize(
        ("family", "windows"), [("Windows Server 2022 Core", True), ("Linux", False), (None, False)]
    )
    def test_windows_is_enabled_by_the_platform_family(self, family: str | None, *, windows: bool) -> None:
        assert Service({"platformFamily": family}).windows is windows


def test_what_only_a_description_has_is_what_botocores_model_says() -> None:
    model: Any = get_session().get_service_model("ecs")
    described = set(model.shape_for("TaskDefinition").members)
    assert described - set(model.shape_for("RegisterTaskDefinitionRequest").members) == DESCRIBED_ONLY


class TestJavaProperties:
    """System properties of the Java SDK, in the variables that a JVM takes options from."""

    @pytest.mark.parametrize(
        ("options", "endpoint"),
        [
            ("-Dotel.exporter.otlp.endpoint=http://a:1", "http://a:1"),
            ("-Xmx1g -Dotel.exporter.otlp.endpoint=http://a:1 -Xss1m", "http://a:1"),
            ("'-Dotel.exporter.otlp.endpoint=http://a:1' -Xss1m", "http://a:1"),
            ('-Dotel.exporter.otlp.endpoint="http://a:1"', "http://a:1"),
            ("-Dotel.exporter.otlp.endpoint=http://a:1 -Dotel.exporter.otlp.endpoint=http://b:2", "http://b:2"),
            ("-Dotel.exporter.otlp.endpoint=", ""),
            ("-Dotel.exporter.otlp.endpoint", None),
            ("-Xmx1g", None),
            ("-Dmy.otel.exporter.otlp.endpoint=x", None),
        ],
    )
    def test_a_property_decides_over_its_variable(self, options: str, endpoint: str | None) -> None:
        variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://v:0", "JAVA_TOOL_OPTIONS": options}
        plain, secrets = _container(variables).otel
        assert dict(plain)["OTEL_EXPORTER_OTLP_ENDPOINT"] == ("http://v:0" if endpoint is None else endpoint)
        assert secrets == ()

    def test_the_option_that_the_jvm_reads_last_decides(self) -> None:
        options = {
            "_JAVA_OPTIONS": "-Dotel.service.name=c",
            "JAVA_TOOL_OPTIONS": "-Dotel.service.name=a",
            "JDK_JAVA_OPTIONS": "-Dotel.service.name=b",
        }
        assert dict(_container(options).otel[0]) == {"OTEL_SERVICE_NAME": "c"}

    def test_a_property_decides_over_a_secret(self) -> None:
        container = _container({"JAVA_TOOL_OPTIONS": "-Dotel.service.name=a"})
        container = container.with_secret("OTEL_SERVICE_NAME", "/name").with_secret("OTEL_EXPORTER_OTLP_HEADERS", "/h")
        assert container.otel == ((("OTEL_SERVICE_NAME", "a"),), ("OTEL_EXPORTER_OTLP_HEADERS",))

    @given(st.text("-Dotel.a=b \"'", max_size=40), st.sampled_from(["", " ", "-Dotel.a=1 ", "'-Dotel.a=1' "]))
    def test_only_its_value_is_replaced(self, around: str, before: str) -> None:
        container = _container({"JAVA_TOOL_OPTIONS": f"{before}-Dotel.a=x {around}"})
        changed = container.with_otel("OTEL_A", "new")
        assert dict(changed.otel[0])["OTEL_A"] == "new"
        assert changed.with_otel("OTEL_A", "new") == changed

    def test_the_ledger_gets_what_rules_read_and_no_other_option(self) -> None:
        options = "-Dkey=s3cret '-Dotel.service.name=my app' -Dotel.exporter.otlp.headers=x=s3cret -Dotel.a=b"
        task = TaskDefinition(
            {"containerDefinitions": [_container({"JAVA_TOOL_OPTIONS": options, "A": "s3cret"}).json]}
        )
        kept = task.without_values()
        assert "s3cret" not in json.dumps(kept.json)
        assert dict(kept.containers[0].otel[0]) == {"OTEL_SERVICE_NAME": "my app", "OTEL_A": "b"}
        assert kept.without_values() == kept

    def test_the_ledger_gets_the_address_of_the_xray_daemon(self) -> None:
        container = _container({"AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000"})
        kept = TaskDefinition({"containerDefinitions": [container.json]}).without_values()
        assert kept.containers[0].environment == {"AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000"}


def _container(environment: dict[str, str]) -> Container:
    return Container(
        {"name": "app", "environment": [{"name": key, "value": text} for key, text in environment.items()]}
    )
