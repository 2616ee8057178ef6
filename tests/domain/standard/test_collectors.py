"""Which collector a standard wants for which workload, and what it refuses to want."""

from pathlib import Path

import pytest

from domain.collector.distributions import distributions
from domain.ecs.images import Image
from domain.ecs.service import Service
from domain.ecs.task_definition import TaskDefinition
from domain.places import Place
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard, StandardInvalid
from domain.subject import Subject
from domain.workload import Workload

EXAMPLE = Path(__file__).parents[3] / "docs" / "standards" / "kinds.yaml"
RULE = Rule("sidecar.present", Subject.FAMILY, Severity.HIGH, lambda _workload, _standard: iter(()), "It.", "")
AGENT = "public.ecr.aws/cloudwatch-agent/cloudwatch-agent:1.300055.0b1095"


def workload(standard: Standard, family: str = "web", image: str = "", **tags: str) -> Workload:
    task = {
        "family": family,
        "tags": [{"key": key, "value": value} for key, value in tags.items()],
        "containerDefinitions": [{"name": "c", "image": image}] if image else [],
    }
    return Workload(Place("123456789012", "eu-west-1"), TaskDefinition(task), kinds=standard.kind_of)


def mistake(text: str) -> str:
    with pytest.raises(StandardInvalid) as caught:
        Standard.parse(f"version: 1\n{text}", "standard.yaml")
    return str(caught.value)


@pytest.fixture(scope="module")
def several() -> Standard:
    return Standard.parse(EXAMPLE.read_text(encoding="utf-8"), EXAMPLE.name)


class TestWhichCollector:
    """The last entry of `collectors` that applies; else `collector`."""

    def test_by_family_and_tags(self, several: Standard) -> None:
        def kind(family: str = "web", **tags: str) -> str:
            return several.collector_of(workload(several, family, **tags)).kind

        assert kind() == "adot"
        assert kind("search-api") == "upstream"
        assert kind(telemetry="application-signals") == "cloudwatch-agent"
        assert kind("search-api", telemetry="direct") == "none"

    def test_rules_see_the_collector_of_the_workload(self, several: Standard) -> None:
        rules = "rules: [{rules: '*', set: {collector: {cpu: 77}}}]\n"
        standard = Standard.parse(EXAMPLE.read_text(encoding="utf-8") + rules)
        judged = workload(standard, telemetry="application-signals")
        seen = standard.setting(RULE, judged).standard.collector
        assert (seen.kind, seen.cpu, seen.memory, seen.parameter) == ("cloudwatch-agent", 77, 256, "ecs-cwagent")
        assert standard.setting(RULE, workload(standard)).standard.collector.kind == "adot"
        assert several.setting(RULE, workload(several)).standard is several

    def test_a_service_does_not_change_what_its_definition_is_to_have(self, several: Standard) -> None:
        tagged = Service({"serviceName": "web", "tags": [{"key": "telemetry", "value": "direct"}]})
        judged = workload(several).with_service(tagged)
        assert several.collector_of(judged).kind == "adot"

    @pytest.mark.parametrize(
        ("image", "family", "found"),
        [
            ("amazon/aws-otel-collector:v0.49.0", "web", True),
            ("amazon/aws-otel-collector:v0.49.0", "search-api", False),
            ("otel/opentelemetry-collector-contrib:0.150.0", "search-api", True),
            ("otel/opentelemetry-collector-contrib:0.150.0", "web", False),
        ],
    )
    def test_a_collector_is_one_of_the_wanted_kind(
        self, several: Standard, image: str, family: str, *, found: bool
    ) -> None:
        assert (workload(several, family, image).collector is not None) is found

    def test_the_standards_own_image_is_the_collector(self) -> None:
        image = "registry.example/mirror/telemetry:v0.49.0"
        standard = Standard.parse(f"version: 1\ncollector: {{image: '{image}'}}")
        judged = workload(standard, image=image)
        assert judged.collector is not None
        assert judged.distribution.is_adot
        assert str(judged.release) == "v0.49.0"
        assert workload(standard, image=image.replace("v0.49.0", "v1.4.0")).release is None, "no release of ADOT's"


class TestDefaults:
    """What an entry leaves out has the default of its kind."""

    @pytest.mark.parametrize("kind", [key for key, each in distributions().items() if each.published])
    def test_every_kind_of_a_standard_can_be_wanted(self, kind: str) -> None:
        image = f"{distributions()[kind].published[0]}:1.2.3"
        wanted = Standard.parse(f"version: 1\ncollector: {{kind: {kind}, image: '{image}'}}").collector
        assert wanted.kind == kind
        assert wanted.distribution.id == kind

    def test_of_the_cloudwatch_agent(self) -> None:
        wanted = Standard.parse(f"version: 1\ncollector: {{kind: cloudwatch-agent, image: '{AGENT}'}}").collector
        assert (wanted.name, wanted.variable) == ("cloudwatch-agent", "CW_CONFIG_CONTENT")
        assert (wanted.minimum_release, wanted.support_days, wanted.user) == (None, None, None)
        assert wanted.repositories[0] == "public.ecr.aws/cloudwatch-agent/cloudwatch-agent"
        assert wanted.logging.group == "/ecs/cloudwatch-agent"

    def test_of_adot(self) -> None:
        wanted = Standard.parse("version: 1").collector
        assert (wanted.kind, wanted.user, wanted.readonly_root_filesystem) == ("adot", "4317", True)

    def test_none_needs_no_image(self) -> None:
        assert Standard.parse("version: 1\ncollector: {kind: none}").collector.kind == "none"

    @pytest.mark.parametrize(
        ("image", "pinned"),
        [
            (AGENT, True),
            (AGENT.replace("1.300055.0b1095", "latest"), False),
            ("registry.example/x:build-7", True),
            ("registry.example/x:stable", False),
            ("registry.example/x@sha256:" + "0" * 64, True),
            ("amazon/aws-otel-collector:v0.49.0", True),
            ("amazon/aws-otel-collector:0.49.0", True),
            ("amazon/aws-otel-collector:v0.49.0-rc.1", True),
            ("amazon/aws-otel-collector:latest@sha256:abc", True),
            ("amazon/aws-otel-collector:latest", False),
            ("amazon/aws-otel-collector:v0.49", False),
            ("amazon/aws-otel-collector:v0", False),
            ("amazon/aws-otel-collector:stable-1.2.3", False),
            ("amazon/aws-otel-collector:${TAG}", False),
            ("amazon/aws-otel-collector", False),
            ("host:5000/c", False),
        ],
    )
    def test_a_tag_is_a_release_by_its_images_own_form_or_by_the_standards(self, image: str, *, pinned: bool) -> None:
        text = "version: 1\ncollector: {kind: own, image: 'registry.example/x:build-1', release_tags: ['build-*']}"
        assert Standard.parse(text).collector.pinned(Image.parse(image)) is pinned


class TestRefused:
    """What can do nothing, or not what it seems to, is refused with its line."""

    @pytest.mark.parametrize(
        ("pattern", "why"),
        [
            ("*/cloudwatch-agent", "`*` stands for the registry alone"),
            ("cloudwatch-agent", "it names no registry"),
            ("example/otel:1.0", "neither tag nor digest"),
            ("example/Otel", "lower-case"),
            ("https://example.com/otel", "no spaces and no scheme"),
            ("example/otel collector", "no spaces and no scheme"),
        ],
    )
    def test_a_pattern_that_can_match_no_repository(self, pattern: str, why: str) -> None:
        for member in ("also", "repositories"):
            text = mistake(f"collector:\n  {member}: ['{pattern}']")
            assert text.startswith(f"standard.yaml, line 3: collector.{member}[0] must be a pattern that can match")
            assert why in text

    @pytest.mark.parametrize(
        "pattern", ["*otel*", "*/*/cloudwatch-agent", "otel/*", "docker.io/telegraf", "localhost:5000/otel", "*/*otel"]
    )
    def test_a_pattern_that_can_match_is_taken(self, pattern: str) -> None:
        assert Standard.parse(f"version: 1\ncollector: {{also: ['{pattern}']}}").collector.also == (pattern,)

    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            (
                "collector:\n  kind: adott",
                (
                    "standard.yaml, line 3: collector.kind must be one of adot, cloudwatch-agent, upstream, splunk,"
                    " own, none; not adott."
                ),
            ),
            (
                "collector:\n  kind: upstream",
                "standard.yaml, line 2: collector must name its image: kind upstream has no default.",
            ),
            (
                "collectors:\n- where: {family: web}\n  kind: own",
                "standard.yaml, line 3: collectors[0] must name its image: kind own has no default.",
            ),
            ("collectors:\n- kind: none", "standard.yaml, under line 3: collectors[0].where is missing; add it."),
            (
                "collectors:\n- kind: none\n  where: {}",
                (
                    "standard.yaml, line 4: collectors[0].where must name what it means; for all write `collector`"
                    " instead of `collectors`."
                ),
            ),
            (
                "collectors:\n- kind: none\n  where: {cluster: prod}",
                (
                    "standard.yaml, line 4: collectors[0].where must do without cluster: a collector belongs to a task"
                    " definition, not to a service."
                ),
            ),
            (
                "collectors:\n- kind: none\n  where: {family: web}\n  cpuu: 3",
                "standard.yaml, line 5: collectors[0].cpuu is not a field of a standard; perhaps cpu is meant.",
            ),
            (
                "collector:\n  kind: own\n  image: registry.example/x:stable",
                (
                    "standard.yaml, line 4: collector.image must be an image with a release tag such as v0.49.0, or a"
                    " digest; the rules do not accept a floating tag."
                ),
            ),
            (
                "collector:\n  support_days: -1",
                "standard.yaml, line 3: collector.support_days must be at least 0, not -1.",
            ),
            (
                "collector:\n  user: 'no such user'",
                (
                    "standard.yaml, line 3: collector.user must be a user as ECS takes it, such as 4317 or app:app, not"
                    " no such user."
                ),
            ),
            (
                "rules:\n- rules: '*'\n  set:\n    collector: {kind: none}",
                (
                    "standard.yaml, line 4: rules[0].set must be without collector.kind, which all rules share: set it"
                    " for the document, or in collectors."
                ),
            ),
        ],
        ids=lambda value: value[:40],
    )
    def test_it_is_reported_with_its_line(self, text: str, sentence: str) -> None:
        assert mistake(text) == sentence
