"""What every kind of source gives: task definitions, what is known around them, and their places."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from itertools import groupby
from typing import Final

from cli.output.evaluation import Location
from cli.sources.nodes import Edited, Node, Style, found_at, lines_of, open_below
from domain.drift import Drift
from domain.ecs.service import Service
from domain.ecs.task_definition import TaskDefinition
from domain.facts import Absent, Fact, Facts, Known, LogGroup, Parameter, Role
from domain.rule import Rule
from domain.subject import Subject
from domain.workload import Workload


@dataclass(frozen=True)
class Stack:
    """What else a source creates: parameters by name, roles by ARN. What it does not create is not known.

    All definitions of a source have the same one: another process makes it once, and not for each definition.
    """

    parameters: Mapping[str, Parameter] = field(default_factory=dict, repr=False)
    roles: Mapping[str, Fact[Role]] = field(default_factory=dict, repr=False)
    log_groups: Mapping[str, LogGroup] = field(default_factory=dict, repr=False)

    def facts(self, workload: Workload) -> Facts:
        """Return what the source has of a workload's parameter and roles."""
        facts = workload.facts
        reference, task = workload.parameter_reference, workload.task
        if reference is not None and (parameter := self._parameter(reference.name)) is not None:
            facts = replace(facts, parameter=Known(replace(parameter, arn=reference.arn)))
        if self.log_groups:
            groups = {name: Known(self.log_groups[name]) for name in workload.log_groups if name in self.log_groups}
            facts = replace(facts, log_groups=groups)
        if not self.roles:
            return facts
        return replace(
            facts,
            execution_role=self._role(workload.role_arn(task.execution_role), facts.execution_role),
            task_role=self._role(workload.role_arn(task.task_role), facts.task_role),
        )

    def _parameter(self, name: str) -> Parameter | None:
        slashed = self.parameters.get("/" + name.removeprefix("/"))
        return self.parameters.get(name) or slashed

    def _role(self, arn: str | None, unread: Fact[Role]) -> Fact[Role]:
        return Absent() if arn is None else self.roles.get(arn, unread)

    def __reduce__(self) -> "tuple[Callable[[bytes], Stack], tuple[bytes]]":
        return _stack_of, (self._sent,)

    @cached_property
    def _sent(self) -> bytes:
        import pickle  # noqa: PLC0415 - only for several processes

        return pickle.dumps((self.parameters, self.roles, self.log_groups))


@lru_cache(maxsize=8)  # at least one for each variant
def _stack_of(sent: bytes) -> Stack:
    import pickle  # noqa: PLC0415 - only for several processes

    return Stack(*pickle.loads(sent))  # noqa: S301 - from another process of this command


@dataclass(frozen=True, slots=True)
class Around:
    """What a source tells besides the definition itself.

    `others` are the same definition with other values for what could not be resolved: what holds for all of them is
    certain. `hidden` replaces in texts what stands for a value that is known only in AWS, such as the region.
    """

    service: Service | None = None
    stack: Stack = field(default_factory=Stack)
    others: "tuple[Variant, ...]" = ()
    hidden: tuple[tuple[str, str], ...] = ()
    unresolved: tuple[str, ...] = ()
    family_varies: bool = False
    """Whether the family is computed, or made by AWS, so that it is another in another deployment."""

    def shown(self, text: str) -> str:
        """Return a text as people may read it."""
        for stand_in, expression in self.hidden:
            text = text.replace(stand_in, expression)
        return text


@dataclass(frozen=True, slots=True)
class Variant:
    """A definition with other values for what could not be resolved."""

    task: TaskDefinition
    service: Service | None = None
    stack: Stack = field(default_factory=Stack)


NOTHING: Final = Around()
_SERVICE: Final = "service/"
"""How the path of a drift of a service begins."""


@dataclass(frozen=True)
class Origin:
    """The places of a definition in its file. `roots` are the task definition (empty name), service, parameter, roles.

    `line` and `column` are those of the text's beginning in the file.
    """

    file: str
    text: str = field(repr=False)
    roots: Mapping[str, Node] = field(default_factory=dict, repr=False)
    line: int = 1
    column: int = 1
    others: "Mapping[str, Origin]" = field(default_factory=dict, repr=False)
    """The files of the roots that are not in this one."""

    @cached_property
    def nodes(self) -> Mapping[str, Node]:
        """Return the roots; a subclass may find them when a place is asked for."""
        return self.roots

    def place(self, where: str) -> Location | None:
        """Return where a path of the task definition or the service is, or the nearest above it."""
        if where.startswith(_SERVICE):
            return self._of("service", where.removeprefix(_SERVICE))
        return self._at(self.nodes.get(""), where)

    def expression(self, where: str) -> tuple[str, object] | None:
        """Return what is written, and its value, at a path where the source has an expression for a single value."""
        root = "service" if where.startswith(_SERVICE) else ""
        origin = self.others.get(root, self)
        node = origin.nodes.get(root)
        if node is None:
            return None
        part, missing = found_at(node, where.removeprefix(_SERVICE))
        found = part.node
        if missing or found.parts is not None or found.style is not Style.FIXED:
            return None
        return origin.text[found.begin : found.end], found.value

    def location(self, rule: Rule, drift: Drift, collector: str = "") -> Location | None:
        """Return where a drift is, or what would hold it. `collector` is where its configuration stands, if known."""
        match rule.subject:
            case Subject.ROLE:
                return self._of(drift.about, "")
            case Subject.SERVICE:
                return self._of("service", drift.where.removeprefix(_SERVICE))
            case Subject.PARAMETER if rule.of_configuration:
                return self._in_configuration(drift.where, collector)
            case Subject.PARAMETER:
                return self._of("parameter", drift.where)
            case Subject.FAMILY if rule.of_configuration:
                return self._in_configuration(drift.where, collector)
            case Subject.FAMILY:
                return self.place(drift.where)

    def _of(self, root: str, where: str) -> Location | None:
        origin = self.others.get(root, self)
        return origin._at(origin.nodes.get(root), where)  # noqa: SLF001 - of the same class

    def _in_configuration(self, where: str, collector: str) -> Location | None:
        if "parameter" in self.others and not where.startswith("containers/"):
            return self.others["parameter"]._in_configuration(where, collector)  # noqa: SLF001 - of the same class
        task = self.nodes.get("")
        if where.startswith("containers/"):
            return self._at(task, where)
        written = self.nodes.get("parameter")
        if written is None and task is not None:
            found, missing = found_at(task, collector)
            written = found.node
            if missing:
                return self._at(written, "")
        if written is None:
            return None
        if written.parts is None and isinstance(written.value, str):
            from cli.sources.embedding import configuration_in  # noqa: PLC0415 - only where a configuration drifts

            return self._at(configuration_in(self.text, written) or written, where)
        return self._at(written, where)

    def _at(self, node: Node | None, where: str) -> Location | None:
        if node is None:
            return None
        found, _ = found_at(node, where)
        above = _is_key_above(self.text[found.begin : found.node.begin])
        line, column = lines_of(self.text).place(found.begin if above else found.node.begin)
        if line == 1:
            column += self.column - 1
        return Location(self.file, line + self.line - 1, column)

    def open_at(self, where: str) -> tuple[str, ...]:
        """Return the expressions that could not be resolved at a place and below; of containers, their images."""
        task = self.nodes.get("")
        if task is None:
            return ()
        found, missing = found_at(task, where)
        node = found.node
        images = [image for each in node.below() if (image := each.get("image"))] if where == "containers" else []
        names = (each for root in images or [node] for each in open_below(root))
        return () if missing else tuple(dict.fromkeys(names))

    def is_open(self, where: str) -> str:
        """Return the expression that a drift's place depends on, if it could not be resolved; else nothing."""
        task = self.nodes.get("")
        if task is None:
            return ""
        node = found_at(task, where)[0].node
        return node.open if node.parts is not None or not isinstance(node.value, str) else ""


def _is_key_above(before: str) -> bool:
    """Whether what stands before a value is its key, in a line above: then the key is what people look for."""
    key, _, below = before.partition("\n")
    words = key.partition(" #")[0].split()
    while words and words[-1].startswith(("&", "!")):  # an anchor or a tag
        words.pop()
    is_key = below != "" or before.endswith("\n")
    return is_key and " ".join(words).endswith(":") and all(_says_nothing(line) for line in below.split("\n"))


def _says_nothing(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


@dataclass(frozen=True, slots=True)
class Definition:
    """One task definition of a file, at `path`; with `tags_outside`, its tags are next to it in the file."""

    task: TaskDefinition
    path: tuple[str | int, ...] = ()
    tags_outside: bool = False
    origin: Origin | None = field(default=None, repr=False, compare=False)
    around: Around = NOTHING
    unread: str = ""
    """Why it cannot be evaluated: the source does not say what its containers are, or makes none of it."""
    made: bool = True
    """False if the source makes none of it, so that nothing is missing if it is not evaluated."""

    @property
    def resource(self) -> str:
        """Return the revision's ARN; the family if it is not registered."""
        return self.task.arn or self.task.family


def opaque(name: str, family: str = "", expression: str = "", why: str = "") -> Definition:
    """Return a definition of which the source says only that there is one: what would give its containers, or why."""
    by = f" ({expression})" if expression else ""
    why = why or f"its containers are not known here: the source computes them, or takes them from elsewhere{by}"
    return Definition(TaskDefinition({"family": family or name}), (name,), unread=why)


def unmade(name: str, why: str) -> Definition:
    """Return a definition of which the source makes none, and why."""
    return replace(opaque(name, why=f"there is none of it: {why}"), made=False)


def varies(written: Node | None) -> bool:
    """Return whether a value is not written in the source as it is."""
    return written is None or written.style is Style.FIXED


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a definition, and the service that runs it, shall be."""

    task: TaskDefinition
    service: Service | None = None


@dataclass(frozen=True)
class Unwritten:
    """No change is written to what a tool makes or computes."""

    text: str = field(repr=False)

    def __call__(self, wanted: Sequence[Wanted]) -> Edited:
        return Edited(self.text, tuple((each.task.family,) for each in wanted))


type Rewriting = Callable[[Sequence[Wanted]], Edited]


@dataclass(frozen=True)
class File:
    """A file and its task definitions. Its content is never in a repr."""

    name: str
    text: str = field(repr=False)
    encoding: str
    definitions: tuple[Definition, ...] = field(repr=False)
    rewriting: Rewriting = field(repr=False, compare=False)

    def by_task(self) -> Iterator[tuple[Definition, ...]]:
        """Yield the task definitions, each with all services that run it."""
        for _, uses in groupby(self.definitions, key=lambda each: id(each.task)):
            yield tuple(uses)

    def rewritten(self, wanted: Sequence[Wanted]) -> Edited:
        """Return the text with what is wanted, and the places of the changes that have to be made by hand."""
        if [*wanted] == [Wanted(each.task, each.around.service) for each in self.definitions]:
            return Edited(self.text)
        return self.rewriting(wanted)
