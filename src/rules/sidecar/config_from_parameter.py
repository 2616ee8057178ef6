"""The collector's configuration comes from an SSM parameter, by `secrets`.

Why: a configuration in the task definition, in the image or behind a URL is changed by another way than the
standard's parameter, is not judged, and in `environment` is readable by whoever may describe the task. A parameter's
name in a plain value is not read at all: the collector takes the name itself for its configuration and does not
start.

Fix: sets the variable from the standard's parameter by `secrets.valueFrom` and takes out what it replaces. SAFE where
the parameter is known to hold the same text as the task uses today; else REVIEW. Refused where the task has no
execution role and the standard names none: `secrets` needs one.

Configure: `collector.parameter`, `collector.parameters_allowed`, `collector.allow_secrets_manager`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from domain.drift import Doubt, Drift, Refusal
from domain.ecs.container import Container
from domain.ecs.placeholders import placeholder
from domain.facts import Known
from domain.places import Arn
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import CONFIG_VARIABLE, ParameterReference, Workload, config_uris
from rules.sidecar.command_line import conventional, shell


@dataclass(frozen=True, slots=True)
class _Source:
    """Where the configuration comes from instead: `variable` is the one to set, `member` where it stands now."""

    variable: str
    member: str
    why: str
    severity: Severity | None = None

    @property
    def where(self) -> str:
        return self.member if self.member == "command" else f"{self.member}/{self.variable}"


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """One drift where the collector is fed by anything but an accepted parameter."""
    collector = workload.collector
    if collector is None:
        return
    if CONFIG_VARIABLE not in collector.secrets and CONFIG_VARIABLE not in collector.environment:
        unread = _unread(collector)
        if unread:
            yield Doubt(f"containers/{collector.name}/{unread[0]}", unread[1])
            return
    source = _wrong_source(workload, collector, standard)
    if source is not None:
        why = f"{source.why}; the standard's is the parameter {standard.collector.parameter}, by `secrets`."
        yield Drift(f"containers/{collector.name}/{source.where}", why, source.severity)


def fix(workload: Workload, standard: Standard) -> Workload:
    """The variable set from the standard's parameter."""
    collector = workload.collector
    source = _wrong_source(workload, collector, standard) if collector is not None else None
    if collector is None or source is None:
        return workload
    if workload.task.execution_role is None and standard.roles.execution is None:
        raise Refusal("The task has no execution role and the standard names none; `secrets` needs one.")
    changed = collector.with_secret(source.variable, standard.collector.parameter)
    if source.member == "command":
        changed = conventional(changed)
    after = workload.with_container(changed)
    if workload.task.execution_role is None:
        after = after.needing_review(f"The task has no execution role; the standard's is {standard.roles.execution}.")
    return (
        after
        if _same_content(workload, collector, source, standard)
        else after.needing_review(
            f"{standard.collector.parameter} is not known to hold what the collector uses today: compare them."
        )
    )


def _unread(collector: Container) -> tuple[str, str] | None:
    """What would have to be read before anything could be said, and where it stands."""
    if collector.has_environment_files:
        return "environmentFiles", f"An environment file may set {CONFIG_VARIABLE}, and its content is not known."
    if not config_uris(collector) and any(placeholder(word) for word in collector.command):
        return (
            "command",
            "The command is a template's placeholder, so where the configuration comes from cannot be told.",
        )
    return None


def _wrong_source(workload: Workload, collector: Container, standard: Standard) -> _Source | None:
    """What feeds the collector, if the standard does not accept it. AOT_CONFIG_CONTENT decides where it is set."""
    if CONFIG_VARIABLE in collector.secrets or CONFIG_VARIABLE in collector.environment:
        return _of_variable(workload, collector, standard, CONFIG_VARIABLE)
    uris = config_uris(collector)
    if not uris:
        unreadable = shell(collector.entry_point) or shell(collector.command)
        found = "stands in a shell's command line, if anywhere" if unreadable else "is the image's own default"
        return _Source(CONFIG_VARIABLE, "command", f"The collector's configuration {found}")
    found_sources = [_of_uri(workload, collector, standard, uri) for uri in uris]
    wrong = [source for source in found_sources if source is not None]
    # Several are merged by the collector; the worst one speaks for all.
    return max(wrong, key=lambda source: (source.severity is None, source.member == "command"), default=None)


def _of_uri(workload: Workload, collector: Container, standard: Standard, uri: str) -> _Source | None:
    scheme, colon, rest = uri.partition(":")
    if not colon or scheme == "file" or len(scheme) == 1:
        why = "The collector's configuration is a file in its image"
        return _Source(CONFIG_VARIABLE, "command", why, Severity.LOW)
    if scheme == "env":
        # `env:NAME:-default` gives a default.
        name = rest.partition(":-")[0]
        if name in collector.secrets or name in collector.environment:
            return _of_variable(workload, collector, standard, name)
        return _Source(
            CONFIG_VARIABLE, "command", f"The collector's configuration is read from {name}, which nothing sets"
        )
    # Neither an address nor a body is quoted: both may hold credentials.
    named = {"http": "a URL", "https": "a URL", "s3": "an S3 object", "yaml": "its own command line"}.get(scheme)
    if named is None:
        return _Source(
            CONFIG_VARIABLE, "command", f"The collector's configuration comes by an unknown way ({scheme[:12]})"
        )
    return _Source(CONFIG_VARIABLE, "command", f"The collector's configuration comes from {named} ({scheme}:)")


def _of_variable(workload: Workload, collector: Container, standard: Standard, name: str) -> _Source | None:
    value_from = collector.secrets.get(name)
    if value_from is None:
        # Whether the value is a body or a parameter's name is not looked at: a kept revision has no values.
        why = f"{name} is set in `environment`, whose text is itself the configuration, even a parameter's name"
        return _Source(name, "environment", why)
    if _is_standards(workload, standard, value_from):
        return None
    reference = ParameterReference.parse(value_from, workload.place)
    if reference is None:
        arn = Arn.parse(value_from)
        if arn is not None and arn.service == "secretsmanager":
            if standard.collector.allow_secrets_manager:
                return None
            return _Source(name, "secrets", f"{name} comes from Secrets Manager, which the standard does not allow")
        return _Source(name, "secrets", f"{name} has a valueFrom that names no SSM parameter")
    if any(fnmatchcase(reference.name, pattern) for pattern in standard.collector.parameters_allowed):
        return None
    return _Source(
        name, "secrets", f"{name} comes from the parameter {reference.name}, which the standard does not allow"
    )


def _is_standards(workload: Workload, standard: Standard, value_from: str) -> bool:
    wanted = standard.collector.parameter
    return value_from == wanted or (
        ParameterReference.parse(value_from, workload.place) == ParameterReference.parse(wanted, workload.place)
    )


def _same_content(workload: Workload, collector: Container, source: _Source, standard: Standard) -> bool:
    """Whether the standard's parameter is known to hold what the collector is fed with now."""
    reference = ParameterReference.parse(standard.collector.parameter, workload.place)
    match workload.facts.approved_parameter:
        case Known(approved) if reference is not None and approved.arn == reference.arn:
            if source.member == "environment":
                return approved.text.strip() == collector.environment[source.variable].strip()
            match workload.facts.parameter:
                case Known(used) if source.member == "secrets" and source.variable == workload.config_variable:
                    return workload.parameter_reference is not None and approved.text.strip() == used.text.strip()
    return False


RULE = Rule(
    id="sidecar.config-from-parameter",
    subject=Subject.FAMILY,
    severity=Severity.HIGH,
    check=check,
    fix=fix,
    reference="https://aws-otel.github.io/docs/setup/ecs/config-through-ssm",
    doc=__doc__,
)
