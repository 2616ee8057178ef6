"""What rules learn from a collector configuration: structure, problems, references."""

import pytest

from domain.collector import CollectorConfiguration, Topic, structural_problems
from domain.collector.permissions import component_permissions
from domain.collector.references import has_reference, literal
from domain.collector.releases import ComponentKind, Release
from tests.domain.collector.configurations import CANARY, NEW, OLD, parse


def test_components_are_seen_by_id_type_and_name(sidecar: CollectorConfiguration) -> None:
    emf = sidecar.exporters["awsemf/2"]
    assert (emf.kind, emf.type, emf.name, emf.where) == (ComponentKind.EXPORTER, "awsemf", "2", "exporters/awsemf/2")
    assert emf.settings["region"] == "eu-west-1"
    assert sidecar.exporters["awsxray"].settings == {}
    assert sidecar.connectors == {}


def test_pipelines_are_seen_by_id_and_signal(sidecar: CollectorConfiguration) -> None:
    pipeline = sidecar.pipelines["metrics/ecs"]
    assert pipeline.signal == "metrics"
    assert pipeline.processors == ("filter/ecs", "metricstransform")
    assert sidecar.started_extensions == ("health_check", "pprof")


def test_what_no_pipeline_and_no_service_names_is_unused(sidecar: CollectorConfiguration) -> None:
    assert [part.where for part in sidecar.unused()] == ["receivers/otlp/unused", "extensions/zpages"]
    assert not list(structural_problems(sidecar))


def test_settings_cannot_be_changed(sidecar: CollectorConfiguration) -> None:
    with pytest.raises(TypeError):
        sidecar.exporters["awsemf/2"].settings["region"] = "us-east-1"  # type: ignore[index] # that is what is tried


def test_a_repr_shows_no_value() -> None:
    found = parse(f"exporters: {{datadog: {{api: {{key: {CANARY}}}}}}}\nservice: {{pipelines: {{traces: {{}}}}}}\n")
    parts = (
        found,
        found.exporters["datadog"],
        found.pipelines["traces"],
        *structural_problems(found),
        *component_permissions(found),
    )
    assert CANARY not in repr(parts)
    assert repr(found) == (
        "<CollectorConfiguration: 0 receivers, 0 processors, 1 exporters, 0 extensions, 0 connectors, 1 pipelines>"
    )


W, R = Topic.FORM, Topic.REFERENCES
GOOD = "receivers: {otlp: }\nexporters: {debug: }\n"
PIPELINE = "service: {pipelines: {traces: {receivers: [otlp], exporters: [debug]}}}\n"
CONNECTED = """
receivers: {otlp: }
connectors: {count: }
exporters: {debug: }
service:
  pipelines:
    traces: {receivers: [otlp], exporters: [count]}
    metrics: {receivers: [count], exporters: [debug]}
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (GOOD + PIPELINE, []),
        (GOOD, [(W, "service")]),
        (GOOD + "service: []", [(W, "service")]),
        (GOOD + "service:\n", [(W, "service")]),
        (GOOD + "service: {}", [(W, "service/pipelines")]),
        (GOOD + "service: {pipelines: }", [(W, "service/pipelines")]),
        (GOOD + "service: {pipelines: {}}", [(W, "service/pipelines")]),
        (GOOD + "service: {pipelines: [traces]}", [(W, "service/pipelines")]),
        (GOOD + PIPELINE + "recievers: {}", [(W, "recievers")]),
        (
            "receivers: [otlp]\nexporters: {debug: }\n" + PIPELINE,
            [(W, "receivers"), (R, "service/pipelines/traces/receivers")],
        ),
        (GOOD + "processors: {batch: 10}\n" + PIPELINE, [(W, "processors/batch")]),
        (
            GOOD + "processors: {'ba tch': , batch/: }\n" + PIPELINE,
            [(W, "processors/(a name that is none)"), (W, "processors/batch/")],
        ),
        (GOOD + PIPELINE.replace("traces", "trace"), [(W, "service/pipelines/trace")]),
        (
            GOOD + PIPELINE.replace("exporters: [debug]", "exporters: [debug], exporter: [debug]"),
            [(W, "service/pipelines/traces/exporter")],
        ),
        (
            GOOD + PIPELINE.replace("[otlp]", "{otlp: }"),
            [(W, "service/pipelines/traces/receivers")],
        ),
        (GOOD + PIPELINE.replace("[otlp]", "otlp"), [(W, "service/pipelines/traces/receivers")]),
        (GOOD + PIPELINE.replace("[otlp]", "[otlp, ]"), []),
        (GOOD + PIPELINE.replace("[otlp]", "[otlp, '']"), [(W, "service/pipelines/traces/receivers")]),
        (
            GOOD + PIPELINE.replace("[otlp]", "['otlp!', otlp]"),
            [(W, "service/pipelines/traces/receivers"), (R, "service/pipelines/traces/receivers")],
        ),
        ("receivers: {otlp: }\n" + PIPELINE, [(W, "exporters"), (R, "service/pipelines/traces/exporters")]),
        ("receivers: {otlp: , ' otlp': }\nexporters: {debug: }\n" + PIPELINE, [(W, "receivers/(a name that is none)")]),
        (GOOD + PIPELINE + "---\nother: document\n", [(W, "configuration")]),
        (GOOD + PIPELINE.replace("receivers: [otlp], ", ""), [(R, "service/pipelines/traces/receivers")]),
        (GOOD + PIPELINE.replace("[debug]", "[]"), [(R, "service/pipelines/traces/exporters")]),
        (
            GOOD + PIPELINE.replace("traces: {receivers: [otlp], exporters: [debug]}", "traces: "),
            [(R, "service/pipelines/traces/receivers"), (R, "service/pipelines/traces/exporters")],
        ),
        (GOOD + PIPELINE.replace("[debug]", "[awsxray]"), [(R, "service/pipelines/traces/exporters")]),
        (
            GOOD + PIPELINE.replace("exporters", "processors: [batch], exporters"),
            [(R, "service/pipelines/traces/processors")],
        ),
        (
            GOOD + "processors: {batch: }\n" + PIPELINE.replace("exporters", "processors: [batch, batch], exporters"),
            [(R, "service/pipelines/traces/processors")],
        ),
        (
            GOOD
            + "service: {extensions: [health_check], pipelines: {traces: {receivers: [otlp], exporters: [debug]}}}",
            [(R, "service/extensions")],
        ),
        (
            GOOD + "service: {extensions: {a: }, pipelines: {traces: {receivers: [otlp], exporters: [debug]}}}",
            [(W, "service/extensions")],
        ),
        (
            GOOD + "service: {extension: [], pipelines: {traces: {receivers: [otlp], exporters: [debug]}}}",
            [(W, "service/extension")],
        ),
        (CONNECTED, []),
        (
            "receivers: {otlp: }\nexporters: {debug: {auth: {authenticator: sigv4auth}}}\n" + PIPELINE,
            [(R, "exporters/debug/auth/authenticator")],
        ),
        ("receivers: {otlp/ a: }\nexporters: {debug: }\n" + PIPELINE.replace("[otlp]", "['otlp /a']"), []),
    ],
)
def test_structural_problems_say_where_and_whose_they_are(text: str, expected: list[tuple[Topic, str]]) -> None:
    found = list(structural_problems(parse(text)))
    assert [(problem.topic, problem.where) for problem in found] == expected


def test_a_name_that_is_a_value_is_not_shown() -> None:
    """A secret pasted where a name belongs."""
    text = f"""
'{CANARY} {CANARY}': 1
service: {{pipelines: {{traces: {{receivers: ['{CANARY}=!'], exporters: ['$ {CANARY}']}}}}}}
"""
    assert CANARY not in repr(list(structural_problems(parse(text))))


@pytest.mark.parametrize(
    ("value", "release", "expected"),
    [
        ("${env:X}", NEW, True),
        ("${X}", NEW, True),
        ("a-${env:X:-b}-c", NEW, True),
        ("${file:/x}", NEW, True),
        ("${env:${X}}", NEW, True),
        ("$X", OLD, True),
        ("$X", NEW, False),
        ("$X", None, True),
        ("$$X", OLD, False),
        ("$${env:X}", NEW, False),
        ("$$${env:X}", NEW, True),
        ("plain", None, False),
        ("cost$", None, False),
        (3, None, False),
        (None, None, False),
    ],
)
def test_a_reference_is_known_for_what_it_is_in_the_release(
    value: str, release: Release | None, *, expected: bool
) -> None:
    assert has_reference(value, release) is expected


def test_what_a_scalar_is_sure_to_be() -> None:
    assert literal("pa$$word", NEW) == "pa$word"
    assert literal("$1", NEW) == "$1"
    assert literal("${env:X}", NEW) is None
    assert literal(5) == "5"
    assert literal(value=True) == "true"
    assert literal(("a",)) is None


def test_known_variables_are_put_in_and_others_stay() -> None:
    text = """
exporters:
  awsemf: {region: "${env:AWS_REGION}", namespace: "${AWS_REGION:-x}/$AWS_REGION/$${env:AWS_REGION}/${env:OTHER}"}
  awsxray: {region: "${env:ODD}"}
"""
    known = {"AWS_REGION": "eu-west-1", "ODD": "${env:AWS_REGION}"}
    new = parse(text).with_variables(known, NEW)
    assert new.exporters["awsemf"].settings == {
        "region": "eu-west-1",
        "namespace": "eu-west-1/$AWS_REGION/$${env:AWS_REGION}/${env:OTHER}",
    }
    assert literal(new.exporters["awsxray"].settings["region"], NEW) == "${env:AWS_REGION}"
    old = parse(text).with_variables(known, OLD)
    assert old.exporters["awsemf"].settings["namespace"] == "eu-west-1/eu-west-1/$${env:AWS_REGION}/${env:OTHER}"
