"""What the engine decides, with rules of two lines: the catalogue's own are held by their examples."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

import engine
from domain.drift import Doubt, Drift, Refusal, Remark, Safety
from domain.ecs.service import Service
from domain.ecs.task_definition import TaskDefinition
from domain.facts import Absent, FactKind, Facts, Known, Parameter, Unavailable
from domain.places import Place
from domain.remediation.plan import ConcernKind, Fixed
from domain.rule import Rule
from domain.scope import out_of_scope
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.verdict import Compliant, Drifted, Exempt, Unknown, Verdict
from domain.workload import Workload

PLACE = Place("123456789012", "eu-west-1")
COLLECTOR = {"name": "adot-collector", "image": "public.ecr.aws/aws-observability/aws-otel-collector:v0.49.0"}
FED = COLLECTOR | {"secrets": [{"name": "AOT_CONFIG_CONTENT", "valueFrom": "/otel"}]}
CPU = Drift("code", "cpu", "It is small.")


def workload(service: Service | None = None, *, collector: dict[str, Any] | None = None, **members: Any) -> Workload:
    task = {
        "family": "web",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "containerDefinitions": [{"name": "app", "image": "web:1"}, collector or COLLECTOR],
    }
    document = {name: value for name, value in (task | members).items() if value is not None}
    return Workload(PLACE, TaskDefinition(document), service, read_at=datetime(2026, 11, 23, tzinfo=UTC))


def rule(*found: Drift | Doubt, name: str = "task.size", **members: Any) -> Rule:
    def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
        del standard
        yield from (found if workload.task.cpu == 256 else ())

    given: dict[str, Any] = {
        "id": name,
        "subject": Subject.FAMILY,
        "severity": Severity.HIGH,
        "check": check,
        "title": "Title",
        "reference": "r",
    }
    return Rule(**(given | members))


def standard(**members: Any) -> Standard:
    return Standard.model_validate({"version": 1} | members)


UNREAD = Unavailable("AccessDenied", "ssm:GetParameters", "/otel")


def judged(one: Rule, over: Workload | None = None, by: Standard | None = None) -> Verdict:
    [verdict] = engine.evaluate(over or workload(), by or standard(), [one])
    return verdict


# --- verdicts ---------------------------------------------------------------------------------------------------------


def test_a_drift_found_is_drifted_though_a_fact_is_missing() -> None:
    needing = rule(CPU, needs=frozenset({FactKind.CONFIGURATION}))
    unread = replace(workload(collector=FED), facts=Facts(parameter=UNREAD))
    assert isinstance(judged(needing, unread), Drifted)


def test_none_found_and_a_needed_fact_missing_is_unknown_and_never_compliant() -> None:
    needing = rule(needs=frozenset({FactKind.CONFIGURATION}))
    unread = replace(workload(collector=FED), facts=Facts(parameter=UNREAD))
    verdict = judged(needing, unread)
    assert isinstance(verdict, Unknown)
    assert verdict.facts == ((FactKind.CONFIGURATION, UNREAD),)
    assert verdict.reasons == ("collector configuration: ssm:GetParameters on /otel failed: AccessDenied",)


@pytest.mark.parametrize(
    "fact", [Absent(), Known(Parameter(arn="arn", name="/otel", type="String", text="receivers: {}"))]
)
def test_none_found_and_all_facts_read_is_compliant(fact: Absent | Known[Parameter]) -> None:
    needing = rule(needs=frozenset({FactKind.CONFIGURATION}))
    assert isinstance(judged(needing, replace(workload(collector=FED), facts=Facts(parameter=fact))), Compliant)


def test_a_fact_that_the_documents_have_no_place_for_is_not_missing() -> None:
    assert isinstance(judged(rule(needs=frozenset({FactKind.CONFIGURATION}))), Compliant)


def test_a_doubt_is_unknown_unless_a_drift_is_evident() -> None:
    doubt = Doubt("code", "cpu", "It depends.")
    verdict = judged(rule(doubt))
    assert isinstance(verdict, Unknown)
    assert verdict.reasons == ("cpu: It depends.",)
    assert isinstance(judged(rule(doubt, CPU)), Drifted)


def test_informational_drifts_alone_are_compliant_with_notes() -> None:
    verdict = judged(rule(Drift("code", "cpu", "By the way.", severity=Severity.INFORMATIONAL)))
    assert isinstance(verdict, Compliant)
    assert [note.why for note in verdict.notes] == ["By the way."]


def test_a_verdict_is_as_severe_as_its_worst_drift() -> None:
    low, medium = Drift("code", "a", "b", severity=Severity.LOW), Drift("code", "c", "d", severity=Severity.MEDIUM)
    verdicts = [judged(rule(*found)) for found in ((low,), (low, medium), (low, CPU))]
    severities = [verdict.severity for verdict in verdicts if isinstance(verdict, Drifted)]
    assert severities == [Severity.LOW, Severity.MEDIUM, Severity.HIGH]


def test_where_the_standard_lowers_a_rule_its_milder_drifts_stay_as_far_below() -> None:
    by = standard(rules=[{"rules": "task.size", "severity": "MEDIUM"}])
    verdict = judged(rule(CPU, Drift("code", "a", "b", severity=Severity.MEDIUM)), by=by)
    assert isinstance(verdict, Drifted)
    assert [drift.severity for drift in verdict.drifts] == [Severity.MEDIUM, Severity.LOW]


def test_an_exemption_counts_until_its_last_day() -> None:
    def by(expires: str) -> Standard:
        exemption = {"rules": "task.*", "where": {"family": "web"}, "reason": "being replaced", "expires": expires}
        return standard(exemptions=[exemption])

    assert isinstance(judged(rule(CPU), by=by("2026-11-23")), Exempt)
    assert isinstance(judged(rule(CPU), by=by("2026-11-22")), Drifted)


def test_a_rule_that_is_off_says_nothing() -> None:
    by = standard(rules=[{"rules": "task.size", "mode": "off"}])
    assert engine.evaluate(workload(), by, [rule(CPU)]) == ()


def test_rules_of_the_collector_say_nothing_where_there_is_none() -> None:
    bare = workload(containerDefinitions=[{"name": "app", "image": "web:1"}])
    assert engine.evaluate(bare, standard(), [rule(CPU)]) == ()
    assert isinstance(judged(rule(CPU, of_collector=False), bare), Drifted)


def test_of_two_roles_each_has_its_own_verdict() -> None:
    roles: dict[str, Any] = {
        "executionRoleArn": "arn:aws:iam::123456789012:role/x",
        "taskRoleArn": "arn:aws:iam::123456789012:role/t",
    }
    drift = Drift("code", "role", "It is gone.", about="arn:aws:iam::123456789012:role/t")
    verdicts = engine.evaluate(workload(**roles), standard(), [rule(drift, subject=Subject.ROLE)])
    assert {v.subject.name[-1]: type(v).__name__ for v in verdicts} == {"x": "Compliant", "t": "Drifted"}


def test_only_what_rules_need_is_read() -> None:
    both = [rule(needs=frozenset({FactKind.TASK_ROLE})), rule(needs=frozenset({FactKind.LOG_GROUPS}))]
    assert engine.needs(both) == {FactKind.TASK_ROLE, FactKind.LOG_GROUPS}
    assert engine.needs([]) == frozenset()


# --- scope ------------------------------------------------------------------------------------------------------------

ON_FARGATE = Service({"serviceName": "web", "clusterArn": "c/shop", "launchType": "FARGATE"})
ON_EC2 = Service({"serviceName": "web", "clusterArn": "c/shop", "launchType": "EC2"})
ON_SPOT = Service({"serviceName": "web", "capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT"}]})


@pytest.mark.parametrize(
    ("over", "within"),
    [
        (workload(), True),
        (workload(requiresCompatibilities=["EC2"]), False),
        (workload(requiresCompatibilities=["EXTERNAL"]), False),
        (workload(requiresCompatibilities=["EC2", "FARGATE"]), True),
        (replace(workload(requiresCompatibilities=["EC2", "FARGATE"]), runs_on=False), False),
        (replace(workload(requiresCompatibilities=["EC2", "FARGATE"]), runs_on=True), True),
        (workload(requiresCompatibilities=None), False),
        (workload(ON_FARGATE, requiresCompatibilities=None), True),
        (workload(ON_SPOT, requiresCompatibilities=None), True),
        (workload(ON_EC2), False),
        (workload(status="INACTIVE"), False),
        (workload(runtimePlatform={"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}), False),
        (workload(Service({"serviceName": "w", "launchType": "FARGATE", "platformFamily": "Windows"})), False),
    ],
)
def test_what_can_run_on_fargate_linux_is_evaluated(over: Workload, *, within: bool) -> None:
    assert (out_of_scope(over, standard()) is None) is within
    assert bool(engine.evaluate(over, standard(), [rule(CPU)])) is within


@pytest.mark.parametrize(
    ("scope", "within"),
    [
        ({}, True),
        ({"include": [{"family": "web"}]}, True),
        ({"include": [{"family": "api*"}, {"account": "123456789012"}]}, True),
        ({"include": [{"family": "api*"}]}, False),
        ({"exclude": [{"region": "eu-*"}]}, False),
        ({"include": [{"family": "*"}], "exclude": [{"family": "web"}]}, False),
    ],
)
def test_the_standards_scope_narrows_it(scope: dict[str, Any], *, within: bool) -> None:
    assert (out_of_scope(workload(), standard(scope=scope)) is None) is within


def test_a_task_that_is_nothing_but_a_collector_is_asked_for_no_sidecar() -> None:
    lone = workload(containerDefinitions=[COLLECTOR])
    assert engine.evaluate(lone, standard(), [rule(CPU)]) == ()
    assert len(engine.evaluate(lone, standard(), [rule(CPU, name="service.no-central-collector")])) == 1


# --- settling and planning --------------------------------------------------------------------------------------------


def bigger(workload: Workload, standard: Standard) -> Workload:
    del standard
    return workload.with_task(workload.task.with_(cpu="512"))


def wanting(cpu: int, name: str) -> Rule:
    """A rule that is content with one size only, and sets it."""

    def check(workload: Workload, standard: Standard) -> Iterator[Drift]:
        del standard
        if workload.task.cpu != cpu:
            yield CPU

    def fix(workload: Workload, standard: Standard) -> Workload:
        del standard
        return workload.with_task(workload.task.with_(cpu=str(cpu)))

    return rule(name=name, check=check, fix=fix)


def test_fixes_are_applied_until_nothing_changes() -> None:
    settled = engine.settle(workload(), standard(), [rule(CPU, fix=bigger)])
    assert settled.after.task.cpu == 512
    [repair] = settled.repairs
    assert (repair.rule, repair.outcome, repair.safety) == ("task.size", Fixed.FIXED, Safety.SAFE)
    again = engine.settle(settled.after, standard(), [rule(CPU, fix=bigger)])
    assert (again.after, again.repairs) == (settled.after, ())


def test_fixes_that_undo_one_another_are_refused_by_name() -> None:
    with pytest.raises(engine.Disagreement, match=r"The fixes of a\.large, a\.small undo one another on web"):
        engine.settle(workload(), standard(), [wanting(256, "a.small"), wanting(512, "a.large")])


def test_only_the_named_rules_are_fixed() -> None:
    rules = [rule(CPU, fix=bigger)]
    assert engine.settle(workload(), standard(), rules, ["another"]).after == workload()


def test_a_refused_fix_changes_nothing_and_says_why() -> None:
    def refusing(*_: object) -> Workload:
        raise Refusal("code", "There is no larger size.")

    settled = engine.settle(workload(), standard(), [rule(CPU, fix=refusing)])
    [repair] = settled.repairs
    assert (repair.outcome, repair.reasons) == (Fixed.REFUSED, (Remark("code", "There is no larger size."),))
    assert settled.after == workload()


def planned(*rules: Rule, facts: Facts | None = None, over: Workload | None = None) -> Any:
    settled = engine.settle(over or workload(), standard(), rules)
    after = replace(settled.after, facts=facts) if facts else settled.after
    return engine.plan(settled, after, standard(), rules)


def test_a_plan_is_safe_where_every_fix_is_and_nothing_new_drifts() -> None:
    plan = planned(rule(CPU, fix=bigger))
    assert (plan.safety, plan.reasons, plan.fixes) == (Safety.SAFE, (), ("task.size",))
    assert [(change.where, change.before, change.after) for change in plan.changes] == [("cpu", "256", "512")]


def test_a_fix_that_needs_a_person_makes_the_plan_review() -> None:
    def careful(workload: Workload, standard: Standard) -> Workload:
        return bigger(workload, standard).needing_approval("code", "It costs more.")

    plan = planned(rule(CPU, fix=careful))
    assert (plan.safety, plan.reasons) == (Safety.REVIEW, ("task.size: It costs more.",))


def test_a_remark_with_a_fix_leaves_it_safe() -> None:
    def telling(workload: Workload, standard: Standard) -> Workload:
        return bigger(workload, standard).noting("code", "It starts slower.")

    plan = planned(rule(CPU, fix=telling))
    assert (plan.safety, plan.notes) == (Safety.SAFE, (Remark("code", "It starts slower."),))


def test_a_new_drift_of_any_rule_makes_the_plan_review() -> None:
    def check(workload: Workload, standard: Standard) -> Iterator[Drift]:
        del standard
        if workload.task.cpu == 512:
            yield Drift("code", "cpu", "It is large.")

    plan = planned(rule(CPU, fix=bigger), rule(name="task.thrift", check=check))
    assert (plan.safety, plan.reasons) == (Safety.REVIEW, ("task.thrift would drift: It is large.",))


def test_a_drift_that_was_there_before_does_not() -> None:
    def check(workload: Workload, standard: Standard) -> Iterator[Drift]:
        del workload, standard
        yield Drift("code", "family", "It is called web.")

    assert planned(rule(CPU, fix=bigger), rule(name="task.name", check=check)).safety is Safety.SAFE


def test_a_new_unknown_makes_the_plan_review_and_an_old_one_does_not() -> None:
    known = Facts(parameter=Known(Parameter(arn="arn", name="/otel", type="String", text="receivers: {}")))
    unknown = Facts(parameter=UNREAD)
    over = workload(collector=FED)
    rules = rule(CPU, fix=bigger), rule(name="config.x", needs=frozenset({FactKind.CONFIGURATION}))
    plan = planned(*rules, over=replace(over, facts=known), facts=unknown)
    assert plan.safety is Safety.REVIEW
    [concern] = plan.concerns
    assert (concern.rule, concern.kind, concern.facts) == (
        "config.x", ConcernKind.NEW_UNKNOWN, (FactKind.CONFIGURATION,),
    )  # fmt: skip
    assert planned(*rules, over=replace(over, facts=unknown)).safety is Safety.SAFE
