"""What is wrong with a standard, as data: a code, a severity, and the field and line that each problem is about."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from domain.drift import Code

type Path = tuple[int | str, ...]


def path_text(path: Path) -> str:
    """Return a field as it is written: `rules[0].where.cluster`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


class Level(StrEnum):
    """Whether a standard with such a problem is refused."""

    ERROR = "error"
    WARNING = "warning"


class Problem(Code):
    """Every problem that is looked for."""

    # The text.
    TOO_LARGE = "too-large", "The document is too large."
    NOT_TEXT = "not-text", "It is not text in UTF-8."
    NOT_YAML = "not-yaml", "It is not YAML."
    NOT_A_MAPPING = "not-a-mapping", "It is no mapping."
    TOO_DEEP = "too-deep", "It is nested too deep."
    REPEATED_FIELD = "repeated-field", "A field is there twice."
    UNKNOWN_FIELD = "unknown-field", "There is no such field."
    MISSING_FIELD = "missing-field", "A required field is missing."
    WRONG_VALUE = "wrong-value", "The value does not have the right form."
    # What can have no effect, though somebody depends on it.
    UNKNOWN_RULE = "unknown-rule", "A pattern of rule ids matches no rule."
    MATCHES_NOTHING = "matches-nothing", "A pattern can match no name: a canary without its cluster, for example."
    UNKNOWN_TOOL = "unknown-tool", "A pattern in `remediation.leave_to` matches no tool. Case counts."
    UNUSED_SELECTOR = (
        "unused-selector",
        "`where` has a field that none of the entry's rules can use: a cluster, for rules about task definitions.",
    )
    # What contradicts itself.
    IMAGE_TOO_OLD = "image-below-minimum", "The image is older than `minimum_release`."
    PARAMETER_NOT_ALLOWED = "parameter-not-allowed", "`parameters_allowed` does not match the parameter."
    LOOSENS = "loosens-locked", "A layer loosens what `locked` names."
    # What an owner of an account may not exempt from.
    NOT_FOR_OWNERS = "exemption-not-allowed", "`owner_exemptions` does not allow the rule."
    TOO_LONG = "exemption-too-long", "The exemption ends later than `owner_exemptions` allows."
    TOO_MANY = "too-many", "An owner's parameter has more than 50 exemptions."
    # What may be meant, but is often a mistake.
    ONLY_BARE_NAME = (
        "only-bare-name",
        "A pattern matches `Terraform`, but not `Terraform (as its tag managed-by says)`: write `Terraform*`.",
    )
    SELECTS_NO_FAMILY = "selects-no-family", "A cluster or service in `scope` selects no task definition."
    EXCLUDES_ALL = "excludes-all", "The scope excludes everything."
    NOTHING_SET = "nothing-set", "An entry of `rules` sets nothing."
    UNREACHED = (
        "no-effect",
        "Another part makes it have no effect: an earlier stage, a later route, a layer for other accounts.",
    )
    EMPTY_KEY = "empty-tag-key", "`where` has an empty tag key, which matches nothing."
    NO_FIX = "no-fix", "A mode or approval is set for rules of which none has a fix."
    EXPIRED = "exemption-expired", "The last day of an exemption is over."
    IMAGE_UNSUPPORTED = "image-out-of-support", "The image's release is out of support, by `support_days`."

    @property
    def level(self) -> Level:
        """A standard is refused for what protects nobody or contradicts itself. It is never refused for its age."""
        return Level.WARNING if self in _WARNINGS else Level.ERROR


_WARNINGS = frozenset({
    Problem.ONLY_BARE_NAME, Problem.SELECTS_NO_FAMILY, Problem.EXCLUDES_ALL, Problem.NOTHING_SET, Problem.NO_FIX,
    Problem.EXPIRED, Problem.IMAGE_UNSUPPORTED, Problem.UNREACHED, Problem.EMPTY_KEY,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Position:
    """Where a problem is: its line, or the line above a field that is missing. 0 for the document as a whole."""

    line: int = 0
    column: int = 0
    below: bool = False

    def __str__(self) -> str:
        """Say it as a sentence does."""
        column = f", column {self.column}" if self.column else ""
        return f"{'under ' if self.below else ''}line {self.line}{column}"


@dataclass(frozen=True, slots=True)
class Found:
    """One problem of a standard. `why` is a clause about the field at `path`, or about the document."""

    code: Problem
    why: str
    path: Path = ()
    at: Position = Position()

    @property
    def level(self) -> Level:
        """Whether the standard is refused."""
        return self.code.level

    @property
    def field(self) -> str:
        """Return the field as it is written: `rules[0].where.cluster`."""
        return path_text(self.path).removesuffix(".[key]")

    @property
    def sentence(self) -> str:
        """Say it without its place."""
        return " ".join(filter(None, (self.field, self.why))) + "."

    def described(self, source: str) -> str:
        """Say it with the document's name and the line."""
        if not self.at.line:
            return f"{source} {self.sentence}"
        return f"{source}, {self.at}: {self.sentence}"


class StandardInvalid(Exception):
    """A standard that cannot be used, and everything that is wrong with it. The message has a sentence for each."""

    def __init__(self, source: str, problems: Iterable[Found]) -> None:
        self.source, self.problems = source, tuple(problems)
        super().__init__(source, *(found.code.value for found in self.problems))

    def __str__(self) -> str:
        """Say what is wrong, a line each."""
        return "\n".join(found.described(self.source) for found in self.problems)
