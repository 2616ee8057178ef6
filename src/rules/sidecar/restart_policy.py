"""Rule sidecar.restart-policy."""

from collections.abc import Iterator

from domain.assumptions import MembersWritten
from domain.drift import Code, Doubt, Drift
from domain.ecs.container import Container
from domain.ecs.fargate import amount
from domain.ecs.placeholders import is_filled_in
from domain.ecs.values import mapping_of
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import Workload

_FAILURE = 1
"""The exit code of a collector that stops because of an error."""


class Kind(Code):
    """What this rule reports."""

    NO_RESTART = "no-restart", "The collector does not restart after a crash."
    IGNORED = "exit-code-ignored", "The collector does not restart after the exit code of its own failures."
    PLACEHOLDER = "restart-placeholder", "Unknown: the restart policy is a placeholder."


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield one drift where nothing restarts the collector. An essential one ends the task, which is replaced."""
    collector = workload.present_collector
    if collector.essential:
        return
    where = f"containers/{collector.name}/restartPolicy"
    if _is_filled_in(collector):
        yield Doubt(Kind.PLACEHOLDER, where, "The collector's restart policy is a placeholder.")
    elif not collector.restarts:
        found = (
            "has no restartPolicy"
            if collector.json.get("restartPolicy") is None
            else "has a restartPolicy that is not enabled"
        )
        why = (
            f"The collector is not essential and {found}, so it does not restart after a crash. Set `enabled` to true."
        )
        yield Drift(Kind.NO_RESTART, where, why, "false", "true")
    elif _FAILURE in _ignored(collector):
        why = (
            f"ignoredExitCodes has {_FAILURE}, with which a collector exits after an error, so it does not restart."
            f" Remove {_FAILURE}."
        )
        yield Drift(Kind.IGNORED, f"{where}/ignoredExitCodes", why, str(_FAILURE))


def fix(workload: Workload, standard: Standard) -> Workload:
    """Set `restartPolicy.enabled` to true, and remove the exit code of failures from those that are ignored."""
    collector = workload.present_collector
    if _is_filled_in(collector):
        return workload
    policy = {**mapping_of(collector.json.get("restartPolicy")), "enabled": True}
    ignored = _ignored(collector)
    if _FAILURE in ignored:
        policy["ignoredExitCodes"] = [code for code in ignored if code != _FAILURE]
        if not policy["ignoredExitCodes"]:
            del policy["ignoredExitCodes"]
    changed = workload.with_container(collector.with_(restartPolicy=policy))
    return changed.assuming(MembersWritten(("essential", "restartPolicy")))


def _is_filled_in(collector: Container) -> bool:
    """Whether a template fills in the policy, or whether it is enabled."""
    policy = collector.json.get("restartPolicy")
    return is_filled_in(policy) or is_filled_in(mapping_of(policy).get("enabled"))


def _ignored(collector: Container) -> tuple[int, ...]:
    """The exit codes after which ECS does not restart it."""
    codes = mapping_of(collector.json.get("restartPolicy")).get("ignoredExitCodes")
    found = [amount(code) for code in codes] if isinstance(codes, list | tuple) else []
    return tuple(code for code in found if code is not None)


RULE = Rule(
    id="sidecar.restart-policy",
    title="Collector containers that are not essential should restart after a crash",
    why="""
        ECS neither replaces a task when a container that is not essential stops, nor restarts that container. After one
        crash the task runs without telemetry until it ends. A collector exits with code 1 after an error, so a policy
        that ignores this code restarts nothing.
    """,
    remedy="""
        SAFE. Enables `restartPolicy`, removes 1 from `ignoredExitCodes`, and keeps the rest. REVIEW where a template's
        placeholder is replaced.
    """,
    subject=Subject.FAMILY,
    severity=Severity.LOW,
    codes=tuple(Kind),
    check=check,
    fix=fix,
    reference="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-restart-policy.html",
)
