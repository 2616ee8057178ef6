"""The engine's answers in full: why something is out of scope, how severe a drift is, what a later pass leaves."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import pytest

import engine
from domain.assumptions import Kept
from domain.drift import Doubt, Drift, Refusal, Remark, Safety
from domain.facts import NOT_READ, FactKind, Unavailable
from domain.remediation.plan import Fixed
from domain.rule import Check, Fix, Rule
from domain.scope import out_of_scope
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.verdict import Compliant, Drifted, Unknown
from domain.workload import Workload
from tests.rules.examples import Case, Example

HERE = "cpu"


def task(standard: dict[str, Any] | None = None, **case: Any) -> tuple[Workload, Standard]:
    example = Example("task.any", Case(name="any", verdict="none", standard=standard or {}, **case))
    return example.before, example.standard


def rule(name: str, *found: Drift | Doubt, **more: Any) -> Rule:
    """A rule that always finds this."""
    return _rule(name, lambda _workload, _standard: iter(found), **more)


def _rule(name: str, check: Check, fix: Fix | None = None, **more: Any) -> Rule:
    settings = {"subject": Subject.FAMILY, "severity": Severity.HIGH, "of_collector": False, **more}
    return Rule(id=name, check=check, fix=fix, title="It is so", reference="", **settings)


def counts_to(name: str, goal: int, *, refuse: str = "", person: str = "", note: str = "") -> Rule:
    """Wants the task's CPU to be `goal`, and its fix adds 256 at a time; or says why it does not."""

    def check(workload: Workload, _standard: Standard) -> Iterator[Drift | Doubt]:
        if (workload.task.cpu or 0) < goal:
            yield Drift("code", HERE, "Too small.")

    def fix(workload: Workload, _standard: Standard) -> Workload:
        cpu = (workload.task.cpu or 0) + 256
        if refuse and cpu > 1024:
            raise Refusal("code", refuse)
        after = workload.with_task(workload.task.with_(cpu=str(cpu)))
        after = after.needing_approval("code", person) if person else after
        return after.noting("code", note) if note else after

    return _rule(name, check, fix)


def _texts(remarks: Iterable[Remark]) -> tuple[str, ...]:
    return tuple(remark.text for remark in remarks)


EC2 = {"requiresCompatibilities": ["EC2"]}
NAMELESS = {"requiresCompatibilities": None, "compatibilities": None}


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ({}, None),
        ({"service": {}}, None),
        ({"before": {"status": "INACTIVE"}}, "its revision is not active"),
        (
            {"before": {"runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}}},
            "it runs on Windows, for which there is no collector image",
        ),
        (
            {"service": {"platformFamily": "Windows"}},
            "it runs on Windows, for which there is no collector image",
        ),
        ({"service": {"launchType": "EC2"}}, "its service does not run on Fargate"),
        (
            {"before": {"requiresCompatibilities": ["EXTERNAL", "EC2"]}},
            "it requires EC2, EXTERNAL, not FARGATE",
        ),
        ({"before": {"requiresCompatibilities": ["${LAUNCH_TYPE}"]}, "service": {}}, None),
        ({"before": {"requiresCompatibilities": ["${LAUNCH_TYPE}"]}}, "whether it requires FARGATE is a placeholder"),
        ({"before": EC2, "service": {}}, "it requires EC2, not FARGATE"),
        ({"before": NAMELESS}, "it does not name FARGATE, and no service is known to run it on Fargate"),
        ({"before": NAMELESS, "runs_on": True}, None),
        ({"before": NAMELESS, "service": {}}, None),
        (
            {"before": NAMELESS, "service": {"launchType": None}},
            "it does not name FARGATE, and no service is known to run it on Fargate",
        ),
        ({"runs_on": False}, "its services all run on EC2"),
        ({"standard": {"scope": {"include": [{"family": "shop-*"}]}}}, "the standard's scope does not include it"),
        ({"standard": {"scope": {"include": [{"family": "shop-*"}, {"family": "web"}]}}}, None),
        ({"standard": {"scope": {"exclude": [{"family": "w*"}]}}}, "the standard's scope excludes it"),
        ({"standard": {"scope": {"exclude": [{"family": "shop-*"}]}}}, None),
    ],
    ids=str,
)
def test_what_is_out_of_scope_gets_no_verdict_and_says_why(case: dict[str, Any], reason: str | None) -> None:
    workload, standard = task(**case)
    outside = out_of_scope(workload, standard)
    assert outside == reason
    assert bool(engine.evaluate(workload, standard, [rule("task.any")])) is (reason is None)
    settled = engine.settle(workload, standard, [counts_to("task.any", 768)])
    assert (settled.after.task == workload.task) is (reason is not None)


def test_where_there_is_no_collector_a_rule_of_the_collector_reports_and_fixes_nothing() -> None:
    workload, standard = task(before={"containers": {"adot-collector": None}})
    of_collector = replace(counts_to("task.any", 768), of_collector=True)
    assert engine.evaluate(workload, standard, [of_collector]) == ()
    assert engine.settle(workload, standard, [of_collector]).repairs == ()


def test_only_one_rule_reports_on_a_task_that_is_nothing_but_a_collector() -> None:
    workload, standard = task(before={"containers": {"app": None}})
    rules = [counts_to("task.any", 768), rule("service.no-central-collector", Drift("code", "service", "Central."))]
    assert [verdict.rule for verdict in engine.evaluate(workload, standard, rules)] == ["service.no-central-collector"]
    assert engine.settle(workload, standard, rules).repairs == ()
    with_router, _ = task(before={"containers": {"app": {"firelensConfiguration": {"type": "fluentbit"}}}})
    assert len(engine.evaluate(with_router, standard, rules)) == 2
    awaits = {"dependsOn": [{"containerName": "app", "condition": "COMPLETE"}]}
    with_init, _ = task(before={"containers": {"app": {"essential": False}, "adot-collector": awaits}})
    assert len(engine.evaluate(with_init, standard, rules)) == 1


def test_a_drift_beats_a_doubt_and_a_fact_that_was_not_read_and_these_beat_a_pass() -> None:
    workload, standard = task(facts={"parameter": "unavailable"})
    reads = frozenset({FactKind.CONFIGURATION})
    drift, doubt, note = (
        Drift("code", HERE, "Bad."),
        Doubt("code", HERE, "Who knows."),
        Drift("code", HERE, "Well.", severity=Severity.INFORMATIONAL),
    )

    def verdict(*found: Drift | Doubt, needs: frozenset[FactKind] = frozenset()) -> object:
        return engine.evaluate(workload, standard, [rule("task.any", *found, needs=needs)])[0]

    (family,) = workload.subject(Subject.FAMILY)
    graded = replace(drift, severity=Severity.HIGH)
    unread = ((FactKind.CONFIGURATION, NOT_READ),)
    assert verdict(drift, doubt, needs=reads) == Drifted("task.any", family, Severity.HIGH, (graded,))
    assert verdict(doubt, doubt, note) == Unknown("task.any", family, doubts=(doubt,))
    assert verdict(doubt, needs=reads) == Unknown("task.any", family, unread, (doubt,))
    assert verdict(note, needs=reads) == Unknown("task.any", family, unread)
    assert verdict(needs=reads) == Unknown("task.any", family, unread)
    assert verdict(note) == Compliant("task.any", family, (note,))
    assert verdict() == Compliant("task.any", family)


@pytest.mark.parametrize(
    ("of_rule", "own", "wanted", "graded"),
    [
        ("HIGH", None, "LOW", "LOW"),
        ("HIGH", "LOW", None, "LOW"),
        ("HIGH", "MEDIUM", "CRITICAL", "HIGH"),  # as far below as it was
        ("HIGH", "MEDIUM", "LOW", "LOW"),  # never below LOW, which would be no finding
        ("HIGH", "LOW", "MEDIUM", "LOW"),
        ("HIGH", "INFORMATIONAL", "CRITICAL", "INFORMATIONAL"),
        ("LOW", "MEDIUM", "HIGH", "HIGH"),  # never above its rule
    ],
)
def test_a_drift_that_is_lower_than_its_rule_stays_below_it(
    of_rule: str, own: str | None, wanted: str | None, graded: str
) -> None:
    workload, standard = task({"rules": [{"rules": "task.any", "severity": wanted}]} if wanted else None)
    drift = Drift("code", HERE, "Bad.", severity=Severity(own) if own else None)
    (verdict,) = engine.evaluate(workload, standard, [rule("task.any", drift, severity=Severity(of_rule))])
    assert isinstance(verdict, Drifted | Compliant)
    found = verdict.drifts if isinstance(verdict, Drifted) else verdict.notes
    assert [str(each.severity) for each in found] == [graded]


def test_a_fact_counts_only_where_the_documents_have_a_place_for_it() -> None:
    workload, _ = task(before={"taskRoleArn": None}, facts={"task_role": "unavailable", "running": "unavailable"})
    in_service, _ = task(service={})
    counts = {kind: len(engine.facts_of(kind, workload)) for kind in FactKind}
    assert counts == {
        FactKind.CONFIGURATION: 1,
        FactKind.EXECUTION_ROLE: 1,
        FactKind.TASK_ROLE: 0,
        FactKind.LOG_GROUPS: 1,
        FactKind.RUNNING: 0,
        FactKind.NEWEST: 0,
    }
    assert {kind: len(engine.facts_of(kind, in_service)) for kind in FactKind} == dict.fromkeys(FactKind, 1)
    bare, _ = task(
        before={"containers": {"adot-collector": {"secrets": None}}}, facts={"log_groups": {"/ecs/web": None}}
    )
    assert engine.facts_of(FactKind.CONFIGURATION, bare) == []
    assert [type(fact) for fact in engine.facts_of(FactKind.LOG_GROUPS, bare)] == [Unavailable]


def test_fixes_are_applied_until_nothing_changes() -> None:
    workload, standard = task()
    settled = engine.settle(workload, standard, [counts_to("task.any", 1024, note="It grew.")])
    assert settled.after.task.cpu == 1024
    assert settled.before is workload
    assert _texts(settled.notes) == ("It grew.",)
    assert [(each.rule, each.outcome, each.safety) for each in settled.repairs] == [
        ("task.any", Fixed.FIXED, Safety.SAFE)
    ]


def test_what_a_fix_did_stands_where_it_then_refuses_the_rest_and_the_rest_is_noted() -> None:
    workload, standard = task()
    settled = engine.settle(workload, standard, [counts_to("task.any", 2048, refuse="No more.")])
    assert settled.after.task.cpu == 1024
    assert _texts(settled.notes) == ("No more.",)
    assert [(each.outcome, each.safety, each.reasons) for each in settled.repairs] == [(Fixed.FIXED, Safety.SAFE, ())]


def test_a_fix_that_refuses_at_once_changes_nothing_and_says_why() -> None:
    workload, standard = task(before={"cpu": "1024", "memory": "2048"})
    settled = engine.settle(workload, standard, [counts_to("task.any", 2048, refuse="No more.")])
    assert settled.after.task == workload.task
    assert settled.notes == ()
    assert [(each.outcome, _texts(each.reasons)) for each in settled.repairs] == [(Fixed.REFUSED, ("No more.",))]


def test_a_fix_that_refuses_again_in_a_later_pass_is_no_note() -> None:
    workload, standard = task()
    never = rule("task.never", Drift("code", HERE, "Bad."), fix=_refused)
    settled = engine.settle(workload, standard, [never, counts_to("task.any", 1024)])
    assert settled.notes == ()
    assert {each.rule: each.outcome for each in settled.repairs} == {
        "task.never": Fixed.REFUSED,
        "task.any": Fixed.FIXED,
    }


def test_a_fix_that_comes_back_after_a_refusal_is_made() -> None:
    """Another rule's fix may bring about what it wanted."""
    workload, standard = task(before={"cpu": "1024", "memory": "2048"})
    larger = counts_to("task.larger", 1280)

    def check(workload: Workload, _standard: Standard) -> Iterator[Drift | Doubt]:
        if workload.task.memory != 4096:
            yield Drift("code", "memory", "Too small.")

    def fix(workload: Workload, _standard: Standard) -> Workload:
        if workload.task.cpu != 1280:
            raise Refusal("code", "Not yet.")
        return workload.with_task(workload.task.with_(memory="4096"))

    settled = engine.settle(workload, standard, [_rule("task.waits", check, fix), larger])
    assert settled.after.task.memory == 4096
    assert {each.rule: each.outcome for each in settled.repairs} == {
        "task.waits": Fixed.FIXED,
        "task.larger": Fixed.FIXED,
    }


def test_a_rule_without_a_fix_or_whose_fix_finds_nothing_has_this_outcome() -> None:
    workload, standard = task()
    idle = replace(rule("task.idle", Drift("code", HERE, "Bad.")), fix=lambda workload, _standard: workload)
    settled = engine.settle(workload, standard, [rule("task.any", Drift("code", HERE, "Bad.")), idle])
    assert [(each.rule, each.outcome) for each in settled.repairs] == [
        ("task.any", Fixed.NONE),
        ("task.idle", Fixed.NONE),
    ]


def test_fixes_that_undo_one_another_are_named_and_nothing_is_planned() -> None:
    def wants(name: str, cpu: str) -> Rule:
        def check(workload: Workload, _standard: Standard) -> Iterator[Drift | Doubt]:
            if workload.task.json["cpu"] != cpu:
                yield Drift("code", HERE, "Other.")

        return _rule(name, check, lambda workload, _standard: workload.with_task(workload.task.with_(cpu=cpu)))

    workload, standard = task()
    rules = [wants("task.two", "256"), wants("task.one", "1024"), counts_to("task.calm", 256)]
    with pytest.raises(engine.Disagreement) as raised:
        engine.settle(workload, standard, rules)
    assert str(raised.value) == "The fixes of task.one, task.two undo one another on web; nothing was planned."


def _planned(*rules: Rule, **case: Any) -> Any:
    workload, standard = task(**case)
    settled = engine.settle(workload, standard, rules)
    return engine.plan(settled, settled.after, standard, rules)


def test_a_plan_needs_approval_where_a_fix_does_with_each_reason_once() -> None:
    plan = _planned(counts_to("task.any", 1024, person="It costs more.", note="It grew."))
    assert (plan.safety, plan.reasons, _texts(plan.notes)) == (
        Safety.REVIEW,
        ("task.any: It costs more.",),
        ("It grew.",),
    )


def test_why_a_fix_was_refused_is_no_reason_against_the_rest_of_a_plan() -> None:
    plan = _planned(counts_to("task.any", 768), rule("config.any", Drift("code", "else", "Bad."), fix=_refused))
    assert (plan.safety, plan.fixes) == (Safety.SAFE, ("task.any",))


def _refused(_workload: Workload, _standard: Standard) -> Workload:
    raise Refusal("code", "Never.")


def _where_larger(*found: Drift | Doubt) -> Check:
    return lambda workload, _standard: iter(found if (workload.task.cpu or 0) > 512 else ())


@pytest.mark.parametrize(
    ("found", "reasons"),
    [
        (Drift("code", "memory", "Now it is too small."), ("config.any would drift: Now it is too small.",)),
        (Drift("code", "memory", "Well.", severity=Severity.INFORMATIONAL), ()),
        (Doubt("code", "memory", "Who knows."), ("config.any would be unknown: memory: Who knows.",)),
    ],
    ids=lambda item: type(item).__name__,
)
def test_a_plan_needs_approval_where_something_new_drifts_or_is_unknown(
    found: Drift | Doubt, reasons: tuple[str, ...]
) -> None:
    plan = _planned(counts_to("task.any", 768), _rule("config.any", _where_larger(found)))
    assert (plan.safety is Safety.REVIEW, plan.reasons) == (bool(reasons), reasons)


def test_what_was_unknown_before_is_no_reason_against_a_plan() -> None:
    plan = _planned(counts_to("task.any", 768), rule("config.any", Doubt("code", "memory", "Who knows.")))
    assert (plan.safety, plan.reasons) == (Safety.SAFE, ())


@pytest.mark.parametrize(
    ("found", "reasons"),
    [
        ((), ()),
        ((Drift("code", "memory", "Well.", severity=Severity.INFORMATIONAL),), ()),
        ((Drift("code", "memory", "Bad."),), ("config.any drifts",)),
        ((Doubt("code", "memory", "Who knows."),), ("config.any is unknown",)),
    ],
)
def test_a_fix_that_assumes_that_a_rule_is_kept_needs_approval_where_it_is_not(
    found: tuple[Drift | Doubt, ...], reasons: tuple[str, ...]
) -> None:
    grows = counts_to("task.any", 768)
    assert grows.fix is not None
    make = grows.fix

    def fix(workload: Workload, standard: Standard) -> Workload:
        return make(workload, standard).assuming(Kept(("config.any",)))

    plan = _planned(replace(grows, fix=fix), rule("config.any", *found), rule("config.other", Drift("c", "w", "Bad.")))
    expected = tuple(f"task.any: The collector may not start, and would end the task: {why}." for why in reasons)
    assert (plan.safety is Safety.REVIEW, plan.reasons) == (bool(reasons), expected)


def test_another_place_of_a_rule_that_was_drifted_already_is_new() -> None:
    old, new = Drift("code", "memory", "Bad."), Drift("code", "networkMode", "Bad too.")

    def check(workload: Workload, _standard: Standard) -> Iterator[Drift | Doubt]:
        yield old
        if (workload.task.cpu or 0) > 512:
            yield new

    assert _planned(counts_to("task.any", 768), _rule("config.any", check)).reasons == (
        "config.any would drift: Bad too.",
    )


@pytest.mark.parametrize(
    ("before", "safety"),
    [
        ("${CPU}", Safety.REVIEW),
        ("{{ cpu }}", Safety.REVIEW),
        ("<CPU>", Safety.REVIEW),
        ("$CPU", Safety.REVIEW),
        ("256", Safety.SAFE),
    ],
)
def test_a_fix_that_replaces_what_a_template_fills_in_needs_approval(before: str, safety: Safety) -> None:
    workload, standard = task(before={"cpu": before})
    one = counts_to("task.one", 512)
    settled = engine.settle(workload, standard, [one])
    planned = engine.plan(settled, settled.after, standard, [one])
    [repair] = planned.repairs
    assert {reason.code for reason in repair.reasons} == (
        {engine.EngineCode.OVERWRITTEN} if safety is Safety.REVIEW else set()
    )
    assert repair.safety is safety
