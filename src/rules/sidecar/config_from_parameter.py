"""Rule sidecar.config-from-parameter."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from domain.assumptions import FactKnown, SameConfiguration
from domain.collector import OTHER_BUNDLED, ConfigurationUnreadable, bundled_paths
from domain.drift import Code, Doubt, Drift, Refusal
from domain.ecs.container import Container
from domain.ecs.placeholders import has_whole_placeholder, placeholder
from domain.ecs.recognition import config_uris
from domain.ecs.values import objects_of, text_of
from domain.ecs.volumes import Mount, mount_at
from domain.facts import FactKind, Known
from domain.masking import TOKENS
from domain.places import Arn
from domain.rule import Rule
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import Subject
from domain.workload import ParameterReference, Workload
from rules.sidecar.command_line import conventional, shell


class Kind(Code):
    """What this rule reports."""

    IMAGE_DEFAULT = "image-default", "The configuration is the image's own default."
    SHELL = "shell-command", "The configuration is in a shell's command line, if anywhere."
    FILE = "file", "The configuration is a file in the image."
    NO_FILE = "file-absent", "The configuration is a file that neither the image nor a volume holds."
    BROKEN_FILE = "file-broken", "The configuration is a file of the image that is not valid YAML."
    UNSET = "variable-unset", "The configuration is read from a variable that nothing sets."
    LOCATION = "other-location", "The configuration comes from a URL, an S3 object or the command line."
    ENVIRONMENT = "environment", "The configuration is in `environment`, in plain text."
    NAME_IN_VALUE = "name-in-value", "The variable's value is a parameter's name, where a configuration must be."
    VALUE_FROM = "value-from-in-environment", "The variable has `valueFrom` in `environment`, where ECS reads `value`."
    NO_CONFIGURATION = "value-not-parsed", "The variable's value is no configuration."
    SECRETS_MANAGER = "secrets-manager", "The configuration comes from Secrets Manager, which is not allowed."
    NOT_A_PARAMETER = "not-a-parameter", "valueFrom names no SSM parameter."
    OTHER_PARAMETER = "other-parameter", "The parameter is not the standard's, and not allowed."
    ENVIRONMENT_FILE = "environment-file", "Unknown: an environment file or a placeholder may set the variable."
    PLACEHOLDER = "command-placeholder", "Unknown: the command is a template's placeholder."
    NO_EXECUTION_ROLE = "execution-role-missing", "No fix: `secrets` needs an execution role, and none is known."
    DEFAULT_ROLE = "default-role", "Approval: the task gets the standard's execution role."
    NEW_CONTENT = "content-new", "Approval: the collector starts with the parameter for the first time."


DOES_NOT_START: frozenset[Code] = frozenset({
    Kind.NAME_IN_VALUE, Kind.VALUE_FROM, Kind.NO_CONFIGURATION, Kind.NO_FILE, Kind.BROKEN_FILE
})  # fmt: skip
"""The drifts that keep the collector from starting."""


@dataclass(frozen=True, slots=True)
class _Source:
    """Where the configuration comes from instead: `variable` is the one to set, `member` where it is set now.

    `parameter` is the one that was meant, where that is not the standard's.
    """

    code: Kind
    variable: str
    member: str
    why: str
    severity: Severity | None = None
    parameter: str = ""

    @property
    def where(self) -> str:
        return self.member if self.member == "command" else f"{self.member}/{self.variable}"


def check(workload: Workload, standard: Standard) -> Iterator[Drift | Doubt]:
    """Yield one drift where the configuration comes from anything but an accepted parameter."""
    collector = workload.present_collector
    if not _sets_own_variable(workload, collector):
        doubt = _doubt(workload, collector)
        if doubt:
            yield doubt
            return
    source = _wrong_source(workload, collector, standard)
    if source is not None:
        wanted = source.parameter or standard.collector.parameter
        whose = "this parameter" if source.parameter else f"the standard's parameter {wanted}"
        why = f"{source.why}. Use {whose}, by `secrets`."
        where = f"containers/{collector.name}/{source.where}"
        yield Drift(source.code, where, why, wanted=wanted, severity=source.severity)


def fix(workload: Workload, standard: Standard) -> Workload:
    """Set the variable from the standard's parameter."""
    collector = workload.present_collector
    source = _wrong_source(workload, collector, standard)
    if source is None:
        return workload
    if workload.task.execution_role is None and standard.roles.execution is None:
        why = "The task has no execution role and the standard names none. `secrets` needs one."
        raise Refusal(Kind.NO_EXECUTION_ROLE, why)
    parameter = source.parameter or standard.collector.parameter
    changed = collector.with_secret(source.variable, parameter)
    if source.member == "command":
        changed = conventional(changed, source.variable)
    after = workload.with_container(changed)
    if workload.task.execution_role is None:
        why = f"The task has no execution role. It gets the standard's, {standard.roles.execution}."
        after = after.needing_approval(Kind.DEFAULT_ROLE, why)
    if source.code in DOES_NOT_START:
        why = f"The collector does not start today, and would use {parameter}. Check that it holds the configuration."
        return after.needing_approval(Kind.NEW_CONTENT, why)
    return after.assuming(
        SameConfiguration(collector.name, source.variable, parameter), FactKnown(FactKind.EXECUTION_ROLE)
    )


def _sets_own_variable(workload: Workload, collector: Container) -> bool:
    """Whether the variable is set that the distribution reads by itself: AOT_CONFIG_CONTENT decides where it is set."""
    variable = workload.config_variable
    return variable in workload.distribution.variables and (
        variable in collector.secrets or variable in collector.environment
    )


def _doubt(workload: Workload, collector: Container) -> Doubt | None:
    """What would have to be known first."""
    where = f"containers/{collector.name}"
    if member := collector.unread_variables:
        why = f"An environment file may set {workload.config_variable}, and its content is not known."
        if member != "environmentFiles":
            why = f"A placeholder in `{member}` may set {workload.config_variable}, and its content is not known."
        return Doubt(Kind.ENVIRONMENT_FILE, f"{where}/{member}", why)
    words = (*collector.entry_point, *collector.command)
    if not config_uris(collector) and not _starts_shell(collector) and any(map(has_whole_placeholder, words)):
        why = "The command is a template's placeholder, so the configuration's source is not known."
        return Doubt(Kind.PLACEHOLDER, f"{where}/command", why)
    return None


def _wrong_source(workload: Workload, collector: Container, standard: Standard) -> _Source | None:
    """The configuration's source, if the standard does not accept it."""
    if _sets_own_variable(workload, collector):
        return _of_variable(workload, collector, standard, workload.config_variable)
    known = workload.distribution
    if not known.is_adot and known.variables:  # read from its variable alone
        variable = known.variables[0]
        return _Source(Kind.UNSET, variable, "secrets", f"The configuration is read from {variable}, which is not set")
    if not workload.read_as_collector:
        return None
    uris = config_uris(collector)
    if not uris:
        if _starts_shell(collector):
            return _in_command(workload, Kind.SHELL, "is in a shell's command line, if anywhere")
        return _in_command(workload, Kind.IMAGE_DEFAULT, "is the image's own default")
    found_sources = [_of_uri(workload, collector, standard, uri) for uri in uris]
    wrong = [source for source in found_sources if source is not None]
    # The collector merges several; the worst one is reported.
    return max(wrong, key=lambda source: (source.severity is None, source.member == "command"), default=None)


def _starts_shell(collector: Container) -> bool:
    return bool(shell(collector.entry_point) or shell(collector.command))


def _in_command(workload: Workload, code: Kind, source: str, severity: Severity | None = None) -> _Source:
    variable = next(iter(workload.distribution.variables), workload.config_variable)
    return _Source(code, variable, "command", f"The collector's configuration {source}", severity)


def _of_uri(workload: Workload, collector: Container, standard: Standard, uri: str) -> _Source | None:
    scheme, colon, rest = uri.partition(":")
    if not colon or scheme == "file" or len(scheme) == 1:
        return _of_file(workload, collector, uri.removeprefix("file:"))
    if scheme == "env":
        # `env:NAME:-default` gives a default.
        name = rest.partition(":-")[0]
        if name in collector.secrets or name in collector.environment:
            return _of_variable(workload, collector, standard, name)
        return _in_command(workload, Kind.UNSET, f"is read from {name}, which nothing sets")
    # Neither an address nor a body is quoted: both may hold credentials.
    named = {"http": "a URL", "https": "a URL", "s3": "an S3 object", "yaml": "its own command line"}.get(scheme)
    if named is None:
        return _in_command(workload, Kind.LOCATION, f"comes from a source of an unknown scheme ({scheme[:12]})")
    return _in_command(workload, Kind.LOCATION, f"comes from {named} ({scheme}:)")


def _of_file(workload: Workload, collector: Container, path: str) -> _Source:
    """A file in the image: less bad than others, where the image holds it and it can be parsed."""
    if workload.image_as_published and mount_at(workload.task, collector, path) is Mount.EMPTY:
        source = f"is {_shown(path)}, a file on a volume to which nothing writes: the collector cannot start"
        return _in_command(workload, Kind.NO_FILE, source)
    if path in bundled_paths():
        if _is_unreadable(workload):
            source = f"is {path}, which {workload.release} holds as invalid YAML: the collector cannot start"
            return _in_command(workload, Kind.BROKEN_FILE, source)
    elif workload.image_as_published and _is_absent(collector, path):
        source = f"is {_shown(path)}, a file that no release's image holds: the collector cannot start"
        return _in_command(workload, Kind.NO_FILE, source)
    source = "is a file on a volume" if _is_mounted(collector, path) else "is a file in its image"
    return _in_command(workload, Kind.FILE, source, Severity.LOW)


def _is_unreadable(workload: Workload) -> bool:
    """Whether the configuration is known, and none that the collector can parse."""
    found = workload.configuration
    return isinstance(found, Known) and isinstance(found.value, ConfigurationUnreadable)


_SHOWN_PATH = re.compile(r"[\w./-]{1,200}", re.ASCII)


def _shown(path: str) -> str:
    return path if _SHOWN_PATH.fullmatch(path) and not TOKENS.search(path) else "a path"


def _is_absent(collector: Container, path: str) -> bool:
    """Whether neither a published image nor a volume may hold the file."""
    return not (placeholder(path) or path.startswith(OTHER_BUNDLED) or _is_mounted(collector, path))


def _is_mounted(collector: Container, path: str) -> bool:
    return any(path.startswith(f"{point.rstrip('/')}/") for point in collector.mounts)


def _of_variable(workload: Workload, collector: Container, standard: Standard, name: str) -> _Source | None:
    value_from = collector.secrets.get(name)
    if value_from is None:
        return _in_plain(workload, collector, standard, name)
    if _is_standards(workload, standard, value_from):
        return None
    reference = ParameterReference.parse(value_from, workload.place)
    if reference is None:
        arn = Arn.parse(value_from)
        if arn is not None and arn.service == "secretsmanager":
            if standard.collector.allow_secrets_manager:
                return None
            why = f"{name} comes from Secrets Manager, which the standard does not allow"
            return _Source(Kind.SECRETS_MANAGER, name, "secrets", why)
        return _Source(Kind.NOT_A_PARAMETER, name, "secrets", f"{name} has a valueFrom that names no SSM parameter")
    if _is_allowed(reference, standard):
        return None
    why = f"{name} comes from the parameter {reference.name}, which the standard does not allow"
    return _Source(Kind.OTHER_PARAMETER, name, "secrets", why)


def _in_plain(workload: Workload, collector: Container, standard: Standard, name: str) -> _Source:
    """A plain value: the configuration itself, unless it is no configuration at all."""
    value = collector.environment[name].strip()
    if not value and (value_from := _value_from(collector, name)):
        why = f"{name} has no value in `environment`, but `valueFrom`, which belongs in `secrets`"
        return _Source(Kind.VALUE_FROM, name, "environment", why, parameter=_if_allowed(workload, standard, value_from))
    if not _is_unreadable(workload) or has_whole_placeholder(value):
        why = f"{name} is set in `environment`, where everyone who may describe the task can read it"
        return _Source(Kind.ENVIRONMENT, name, "environment", why)
    meant = _parameter_named(value)
    if meant is None:
        why = f"{name} has a value in `environment` that is no configuration, so the collector cannot start"
        return _Source(Kind.NO_CONFIGURATION, name, "environment", why)
    why = f"The value of {name} is the name {meant}, which is no configuration, so the collector cannot start"
    return _Source(Kind.NAME_IN_VALUE, name, "environment", why, parameter=_if_allowed(workload, standard, meant))


def _value_from(collector: Container, name: str) -> str:
    entries = (each for each in objects_of(collector.json.get("environment")) if each.get("name") == name)
    return next((text for each in entries if (text := text_of(each.get("valueFrom")))), "")


def _if_allowed(workload: Workload, standard: Standard, value_from: str) -> str:
    """The parameter that was meant, if the standard allows it; else nothing."""
    reference = ParameterReference.parse(value_from, workload.place)
    allowed = reference is not None and _is_allowed(reference, standard)
    return value_from if allowed or _is_standards(workload, standard, value_from) else ""


# The names that people give to parameters: a path, or words with signs between them. What may be a token is none.
_NAME = re.compile(
    r"arn:aws[\w-]*:ssm:[\w-]+:\d{12}:parameter/[\w./-]{1,512}|(?=.*[/._-])/?[A-Za-z][\w.-]*(?:/[\w.-]+)*"
)
_LONGEST_WORD = 24


def _parameter_named(value: str) -> str | None:
    """The value, where it looks like the name or ARN of a parameter, and so may be shown."""
    words = re.split(r"[/._:-]", value)
    if not _NAME.fullmatch(value) or TOKENS.search(value) or any(len(word) > _LONGEST_WORD for word in words):
        return None
    return value


def _is_allowed(reference: ParameterReference, standard: Standard) -> bool:
    return any(fnmatchcase(reference.name, pattern) for pattern in standard.collector.parameters_allowed)


def _is_standards(workload: Workload, standard: Standard, value_from: str) -> bool:
    wanted = standard.collector.parameter
    return value_from == wanted or (
        ParameterReference.parse(value_from, workload.place) == ParameterReference.parse(wanted, workload.place)
    )


RULE = Rule(
    id="sidecar.config-from-parameter",
    title="Collectors should read their configuration from an SSM parameter, by `secrets`",
    why="""
        A configuration in the task definition, in the image or behind a URL does not change with the standard's
        parameter. One in `environment` can be read by everyone who may describe the task. A parameter's name in a plain
        value has no effect: the collector uses the name itself as its configuration and does not start. A file in the
        image or on a volume is LOW, unless no release's image holds it and no container can write it: the collector
        cannot start then.
    """,
    remedy="""
        Sets the variable from the standard's parameter by `secrets.valueFrom` and removes what it replaces. SAFE where
        the parameter is known to hold the same text as the task uses today; else REVIEW. Where the value of the
        variable is a parameter's name, or `valueFrom` is in `environment`, that parameter is used, if the standard
        allows it. Refused where the task has no
        execution role and the standard names none: `secrets` needs one.
    """,
    configure="`collector.parameter`, `collector.parameters_allowed`, `collector.allow_secrets_manager`.",
    subject=Subject.FAMILY,
    severity=Severity.HIGH,
    codes=tuple(Kind),
    check=check,
    fix=fix,
    reference="https://aws-otel.github.io/docs/setup/ecs/config-through-ssm",
)
