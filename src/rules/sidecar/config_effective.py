"""Nothing beside the collector's configuration contradicts it.

Why: where AOT_CONFIG_CONTENT is set, the collector silently ignores every `--config` and `--set`; a variable that is
set twice is refused by ECS or decided by chance; a shell cannot start on an image that holds none; and the bundled
instance metrics configuration reads the host's files and crashes on Fargate. Whoever reads the task definition
believes otherwise.

Fix: takes out what is ignored, the second setting of the variable (the secret stays) and the shell; names the bundled
task metrics configuration instead of the instance's. SAFE: none of it does now what it says. Refused for a shell
where AOT_CONFIG_CONTENT is not set: what the shell was to start is for people to say.
"""

from collections.abc import Iterator

from domain.drift import Drift, Refusal
from domain.ecs.container import Container
from domain.ecs.container_roles import COLLECTOR_NAME
from domain.ecs.values import objects_of, text_of
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import CONFIG_VARIABLE, Workload, config_uris
from rules.sidecar.command_line import conventional, overridden, shell

EC2_ONLY = "otel-instance-metrics-config.yaml"
ON_FARGATE = "/etc/ecs/container-insights/otel-task-metrics-config.yaml"


def check(workload: Workload, standard: Standard) -> Iterator[Drift]:
    """One drift for each thing that does not do what it says."""
    collector = workload.collector
    if collector is None:
        return
    start = f"containers/{collector.name}"
    variable = workload.config_variable
    times = _times(collector, "secrets", variable), _times(collector, "environment", variable)
    if sum(times) > 1:
        where = "environment" if times[1] else "secrets"
        yield Drift(
            f"{start}/{where}/{variable}", f"{variable} is set {sum(times)} times; once is wanted, by `secrets`."
        )
    shelled = False
    if collector.image.name == COLLECTOR_NAME:
        for member, words in (("entryPoint", collector.entry_point), ("command", collector.command)):
            if found := shell(words):
                shelled = True
                yield Drift(
                    f"{start}/{member}",
                    f"It starts {found}, and the collector's image holds no shell; leave the image's own entry point.",
                )
                break
    if any(times) and variable == CONFIG_VARIABLE:
        for member, words in (("command", collector.command), ("entryPoint", collector.entry_point)):
            if words and not shelled and overridden(words):
                yield Drift(
                    f"{start}/{member}",
                    f"It gives another --config or --set, which the collector ignores: {CONFIG_VARIABLE} is set.",
                )
    elif any(uri.endswith(EC2_ONLY) for uri in config_uris(collector)):
        yield Drift(
            f"{start}/command",
            f"The bundled {EC2_ONLY} is for EC2 and crashes on Fargate; its counterpart is {ON_FARGATE}.",
        )


def fix(workload: Workload, standard: Standard) -> Workload:
    """The collector without what contradicts its configuration."""
    collector = workload.collector
    if collector is None:
        return workload
    variable = workload.config_variable
    present = variable in collector.secrets or variable in collector.environment
    changed = _once(collector, variable)
    if collector.image.name == COLLECTOR_NAME and (shell(collector.entry_point) or shell(collector.command)):
        if not present:
            raise Refusal(
                f"What the shell was to start is not known, and {CONFIG_VARIABLE} is not set: name a --config instead."
            )
        changed = changed.with_(entryPoint=None, command=[f"--config=env:{variable}"])
    elif present and variable == CONFIG_VARIABLE:
        if overridden(collector.command) or overridden(collector.entry_point):
            changed = conventional(changed)
    else:
        for member, words in (("command", collector.command), ("entryPoint", collector.entry_point)):
            if any(word.endswith(EC2_ONLY) for word in words):
                changed = changed.with_(**{member: [_on_fargate(word) for word in words]})
    return workload.with_container(changed)


def _on_fargate(word: str) -> str:
    flag, equals, _ = word.rpartition("=")
    return f"{flag}{equals}{ON_FARGATE}" if word.endswith(EC2_ONLY) else word


def _times(collector: Container, member: str, variable: str) -> int:
    # The common case first: the mapping is there already.
    if variable not in (collector.secrets if member == "secrets" else collector.environment):
        return 0
    return sum(text_of(item.get("name")) == variable for item in objects_of(collector.json.get(member)))


def _once(collector: Container, variable: str) -> Container:
    """With the variable set once: by the secret where there is one, else by the value that wins now."""
    if _times(collector, "secrets", variable) + _times(collector, "environment", variable) <= 1:
        return collector
    if (value_from := collector.secrets.get(variable)) is not None:
        return collector.with_secret(variable, value_from)
    return collector.with_variable(variable, collector.environment[variable])


RULE = Rule(
    id="sidecar.config-effective",
    subject=Subject.FAMILY,
    severity=Severity.HIGH,
    check=check,
    fix=fix,
    reference="https://github.com/aws-observability/aws-otel-collector/blob/main/docs/developers/container-demo.md",
    doc=__doc__,
)
