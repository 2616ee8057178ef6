"""Rule sidecar.config-effective."""

from collections.abc import Iterator

from domain.assumptions import FactKnown
from domain.drift import Code, Drift, Refusal
from domain.ecs.container import Container
from domain.ecs.recognition import config_uris
from domain.ecs.values import objects_of, text_of
from domain.facts import FactKind
from domain.masking import path
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import CONFIG_VARIABLE, Workload
from rules.sidecar.command_line import conventional, overridden, reading, shell

EC2_ONLY = "otel-instance-metrics-config.yaml"
ON_FARGATE = "/etc/ecs/container-insights/otel-task-metrics-config.yaml"
_STARTS = FactKnown(FactKind.CONFIGURATION), FactKnown(FactKind.TASK_ROLE)
"""What a collector that starts only after the fix depends on."""


class Kind(Code):
    """What this rule reports."""

    SET_TWICE = "variable-set-twice", "The configuration's variable is set more than once."
    NO_SHELL = "no-shell", "The command starts a shell, which the collector's image does not contain."
    IGNORED = "arguments-ignored", "The collector ignores the --config or --set, because AOT_CONFIG_CONTENT is set."
    EC2_ONLY = "ec2-configuration", "The bundled configuration is for EC2 and crashes on Fargate."
    SHELL_UNKNOWN = "shell-command-unknown", "No fix: what the shell was meant to start is not known."


def check(workload: Workload, standard: Standard) -> Iterator[Drift]:
    """Yield one drift for each part that does not do what it says."""
    collector = workload.present_collector
    start = f"containers/{collector.name}"
    variable = workload.config_variable
    times = _times(collector, "secrets", variable), _times(collector, "environment", variable)
    if sum(times) > 1:
        where = "environment" if times[1] else "secrets"
        why = f"{variable} is set {sum(times)} times. Set it once, by `secrets`."
        yield Drift(Kind.SET_TWICE, f"{start}/{where}/{variable}", why, str(sum(times)), "1")
    started = _shell(workload, collector)
    if started is not None:
        member, found = started
        why = f"It starts {path(found)}, and the collector's image has no shell. Keep the image's own entry point."
        yield Drift(Kind.NO_SHELL, f"{start}/{member}", why, path(found))
    if not workload.distribution.is_adot:
        return
    if any(times) and variable == CONFIG_VARIABLE:
        if started is None:
            yield from _ignored(collector)
    elif any(uri.endswith(EC2_ONLY) for uri in config_uris(collector)):
        why = f"The bundled {EC2_ONLY} is for EC2 and crashes on Fargate. Use {ON_FARGATE}."
        yield Drift(Kind.EC2_ONLY, f"{start}/command", why, EC2_ONLY, ON_FARGATE)


def _shell(workload: Workload, collector: Container) -> tuple[str, str] | None:
    """The member that starts a shell, and the shell, where the image is known to contain none."""
    if workload.distribution.shell is not False:
        return None
    members = (("entryPoint", collector.entry_point), ("command", collector.command))
    return next(((member, found) for member, words in members if (found := shell(words))), None)


def _ignored(collector: Container) -> Iterator[Drift]:
    for member, words in (("command", collector.command), ("entryPoint", collector.entry_point)):
        if words and overridden(words, CONFIG_VARIABLE):
            why = f"It has another --config or --set, which the collector ignores because {CONFIG_VARIABLE} is set."
            yield Drift(Kind.IGNORED, f"containers/{collector.name}/{member}", why)


def fix(workload: Workload, standard: Standard) -> Workload:
    """Remove what contradicts the collector's configuration."""
    collector = workload.present_collector
    variable = workload.config_variable
    present = variable in collector.secrets or variable in collector.environment
    changed = _once(collector, variable)
    known = workload.distribution
    if _shell(workload, collector):
        if not present:
            why = f"What the shell was meant to start is not known, and {variable} is not set. Use --config."
            raise Refusal(Kind.SHELL_UNKNOWN, why)
        command = [reading(variable)] if known.is_adot or variable not in known.variables else None
        changed = changed.with_(entryPoint=None, command=command)
        workload = workload.assuming(*_STARTS)
    elif known.is_adot and present and variable == CONFIG_VARIABLE:
        if overridden(collector.command, variable) or overridden(collector.entry_point, variable):
            changed = conventional(changed, variable)
    elif known.is_adot:
        for member, words in (("command", collector.command), ("entryPoint", collector.entry_point)):
            if any(word.endswith(EC2_ONLY) for word in words):
                changed = changed.with_(**{member: [_on_fargate(word) for word in words]})
                workload = workload.assuming(*_STARTS)
    return workload.with_container(changed)


def _on_fargate(word: str) -> str:
    flag, equals, _ = word.rpartition("=")
    return f"{flag}{equals}{ON_FARGATE}" if word.endswith(EC2_ONLY) else word


def _times(collector: Container, member: str, variable: str) -> int:
    # The common case first: the mapping is made already.
    if variable not in (collector.secrets if member == "secrets" else collector.environment):
        return 0
    return sum(text_of(item.get("name")) == variable for item in objects_of(collector.json.get(member)))


def _once(collector: Container, variable: str) -> Container:
    """With the variable set once: by the secret where there is one, else by the value that is used now."""
    if _times(collector, "secrets", variable) + _times(collector, "environment", variable) <= 1:
        return collector
    if (value_from := collector.secrets.get(variable)) is not None:
        return collector.with_secret(variable, value_from)
    return collector.with_variable(variable, collector.environment[variable])


RULE = Rule(
    id="sidecar.config-effective",
    title="Task definitions should not contradict the collector's configuration",
    why="""
        Where AOT_CONFIG_CONTENT is set, ADOT ignores every `--config` and `--set` without an error. A variable
        that is set twice is refused by ECS or decided by chance. A shell cannot start from an image that has none. The
        bundled instance metrics configuration reads the host's files and crashes on Fargate. In each case the task
        definition does not do what it says.
    """,
    remedy="""
        SAFE, because none of it has an effect now; REVIEW where a collector that does not start today would, and its
        configuration or what the task role allows is not known. Removes what is ignored, the second setting of the
        variable (the secret stays) and the shell. Names the bundled task metrics configuration instead of the instance
        metrics one. Refused for a shell where AOT_CONFIG_CONTENT is not set: what the shell was meant to start is not
        known.
    """,
    subject=Subject.FAMILY,
    severity=Severity.HIGH,
    codes=tuple(Kind),
    check=check,
    fix=fix,
    reference="https://github.com/aws-observability/aws-otel-collector/blob/main/docs/developers/container-demo.md",
)
