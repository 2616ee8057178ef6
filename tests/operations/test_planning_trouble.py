"""A plan that cannot be made costs no finding: the verdicts are recorded, and operations are notified once."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from domain.drift import Drift
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload
from tests.operations.world import CANARY, FLOATING, RULES, World, definition, registered, service_changed

type Fix = Callable[[Workload, Standard], Workload]


def _rule(id_: str, fix: Fix, subject: Subject = Subject.FAMILY) -> Rule:
    def check(workload: Workload, _: Standard) -> Iterator[Drift]:
        if (workload.service is not None) == (subject is Subject.SERVICE):
            yield Drift("code", "task", "It is not as this rule wants it.")

    return Rule(id_, subject, Severity.HIGH, check, "It is so", "", fix=fix, of_collector=False)


def _fails(_workload: Workload, _standard: Standard) -> Workload:
    raise ValueError(CANARY)


def _to(cpu: str) -> Fix:
    return lambda workload, _: workload.with_task(workload.task.with_(cpu=cpu))


def _runs(platform: str) -> Fix:
    def fix(workload: Workload, _: Standard) -> Workload:
        service = workload.service
        return workload if service is None else workload.with_service(service.with_(platformVersion=platform))

    return fix


DISAGREEING = (_rule("task.one", _to("1024")), _rule("task.other", _to("2048")))
OF_SERVICES = (
    _rule("service.one", _runs("1.4.0"), Subject.SERVICE),
    _rule("service.other", _runs("LATEST"), Subject.SERVICE),
)


@pytest.mark.parametrize(
    ("rules", "words"),
    [(DISAGREEING, "task.one, task.other undo one another"), ((_rule("task.one", _fails),), "ValueError")],
    ids=["disagreement", "error"],
)
def test_a_familys_findings_are_recorded_where_its_plan_fails(
    world: World, rules: tuple[Rule, ...], words: str
) -> None:
    inspector = world.inspector(rules=(*RULES, *rules))
    arns = [world.register(definition(name, collector=FLOATING)) for name in ("web", "web", "batch")]
    for arn in arns:
        world.sees(registered(arn), inspector=inspector)
    expected = {"sidecar.image-pinned", *(rule.id for rule in rules)}
    assert world.open() >= expected
    assert world.open("batch") >= expected
    assert expected <= {alert["rule"] for alert in world.alerts}
    [notice] = world.notices
    assert words in notice
    assert CANARY not in notice


def test_a_services_findings_are_recorded_where_its_plan_fails(world: World) -> None:
    inspector = world.inspector(rules=(*RULES, *OF_SERVICES))
    arn = world.register()
    world.sees(registered(arn), service_changed(world.run(arn, platform="1.3.0")), inspector=inspector)
    heard: list[dict[str, Any]] = world.alerts
    assert {"service.one", "service.other", "service.platform-version"} <= {alert["rule"] for alert in heard}
    [notice] = [each for each in world.notices if "No plan" in each]
    assert "service.one, service.other undo one another" in notice
