"""One policy document, parsed and compiled once.

Facts: "Grammar of the IAM JSON policy language" in the IAM user guide.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from domain.iam.condition import Condition
from domain.iam.context import Context
from domain.iam.glob import ARN_COLONS, MANY, any_matcher, encode, is_literal, relation
from domain.iam.template import Template, Variable, template
from domain.iam.truth import Truth, any_of, negate


class PolicyUnreadable(ValueError):
    """The document is not a policy that IAM accepts. The message names its source and what is wrong."""


class Resources:
    """The Resource (or NotResource) entries of a statement, compiled."""

    __slots__ = ("_everything", "_globs", "_matcher", "_negated", "_open", "_texts", "written")

    def __init__(self, written: Iterable[str], *, negated: bool, variables: bool) -> None:
        self.written = tuple(written)
        templates = [_resource(text, variables=variables) for text in self.written]
        self._negated = negated
        self._open = tuple(found for found in templates if found.keys)
        globs = [found.literal for found in templates if not found.keys]
        self._texts = frozenset(glob for glob in globs if is_literal(glob))
        self._globs = tuple(globs)
        self._everything = MANY in globs
        wild = [glob for glob in globs if not is_literal(glob)]
        self._matcher = any_matcher(wild).fullmatch if wild else None

    def match(self, asked: str, context: Context) -> Truth:
        """asked: a glob. None if it covers a part, or a variable decides."""
        if self._everything:
            return not self._negated
        if is_literal(asked):
            answer: Truth = asked in self._texts or (self._matcher is not None and self._matcher(asked) is not None)
        else:
            answer = any_of(relation(glob, asked) for glob in self._globs)
        if self._open and answer is not True:
            answer = any_of((answer, *(self._match_open(found, asked, context) for found in self._open)))
        return negate(answer) if self._negated else answer

    def _match_open(self, found: Template, asked: str, context: Context) -> Truth:
        text, exact = found.resolve(context)
        if text is None:
            # It matches no resource. Whether NotResource then means everything or nothing is not documented.
            return None if self._negated else False
        answer = relation(text, asked)
        return answer if exact or answer is False else None

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(key for found in self._open for key in found.keys)


def _resource(text: str, *, variables: bool) -> Template:
    found = template(text, wildcards=True, variables=variables)
    if found.keys and text.partition("${")[0].count(":") < ARN_COLONS:
        # IAM has variables only in an ARN's last part; how it treats this one is not documented.
        return Template((Variable(text.lower(), None),))
    return found


class Actions:
    """The Action (or NotAction) entries of a statement, compiled. Matching takes the action in lower case."""

    __slots__ = ("_matcher", "_names", "negated", "services", "written")

    def __init__(self, written: Iterable[str], *, negated: bool) -> None:
        self.written = tuple(written)
        self.negated = negated
        globs = [encode(text.lower()) for text in self.written]
        self._names = frozenset(glob for glob in globs if is_literal(glob))
        wild = [glob for glob in globs if not is_literal(glob)]
        self._matcher = any_matcher(wild).fullmatch if wild else None
        services = {glob.partition(":")[0] for glob in globs}
        self.services = None if negated or not all(is_literal(service) for service in services) else services
        """The services that the statement can apply to; None: any."""

    def match(self, action: str) -> bool:
        found = action in self._names or (self._matcher is not None and self._matcher(action) is not None)
        return found is not self.negated

    @property
    def wildcards(self) -> tuple[str, ...]:
        """The entries that include every action of a service, or of all services, as written."""
        if self.negated:
            return ()
        return tuple(text for text in self.written if encode(text).rpartition(":")[2] == MANY)


@dataclass(frozen=True, slots=True)
class Principals:
    """The Principal (or NotPrincipal) of a trust policy's statement."""

    services: frozenset[str]
    everyone: bool
    negated: bool

    def match(self, service: str) -> Truth:
        if self.negated:
            # How NotPrincipal treats service principals is documented only for those that it names.
            return False if self.everyone or service in self.services else None
        if self.everyone or service in self.services:
            return True
        return None if "*" in self.services else False


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, which applies to some requests and not to others."""

    source: str
    """The name or ARN of its policy."""
    number: int
    """Its place in the policy, from 1."""
    sid: str | None
    allows: bool
    actions: Actions = field(repr=False)
    resources: Resources | None = field(repr=False)
    principals: Principals | None = field(repr=False)
    conditions: tuple[Condition, ...] = field(repr=False)

    def __str__(self) -> str:
        name = f" ({self.sid})" if self.sid else ""
        return f"statement {self.number}{name} of {self.source}"

    def match(self, action: str, resource: str, context: Context) -> Truth:
        """Return whether it applies to this request. action: in lower case; resource: a glob."""
        if not self.actions.match(action):
            return False
        answer = True if self.resources is None else self.resources.match(resource, context)
        if answer is False or not self.conditions:
            return answer
        for condition in self.conditions:
            holds = condition.holds(context)
            if holds is False:
                return False
            if holds is None:
                answer = None
        return answer

    def undecided_keys(self, context: Context) -> frozenset[str]:
        """Return the condition keys, in lower case, that would decide the answer."""
        keys = () if self.resources is None else self.resources.keys
        waiting = {key for key in keys if context.values(key) is None}
        for condition in self.conditions:
            if condition.holds(context) is None:
                waiting.update(condition.unknown_keys(context))
        return frozenset(waiting)


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy document. Its statements are indexed by service, so that a decision reads only a few."""

    source: str
    statements: tuple[Statement, ...]
    _by_service: Mapping[str, tuple[Statement, ...]] = field(repr=False, compare=False)
    _of_any_service: tuple[Statement, ...] = field(repr=False, compare=False)

    @classmethod
    def parse(cls, document: str | Mapping[str, object], source: str, *, trust: bool = False) -> "Policy":
        """document: the object, its JSON, or that URL-encoded as IAM returns it. source: the policy's name or ARN.

        trust: a role's trust policy (Principal, no Resource) and not an identity policy or boundary.
        Raises PolicyUnreadable.
        """
        body = _element(_loaded(document, source), source)
        body.only("Version", "Id", "Statement")
        version = body.get("Version", "2008-10-17")
        if version not in ("2008-10-17", "2012-10-17"):
            raise body.refused("its Version is neither 2012-10-17 nor 2008-10-17")
        written = body.get("Statement", None)
        listed = written if isinstance(written, (list, tuple)) else [written]
        statements = tuple(
            _statement(_element(each, source, number), variables=version == "2012-10-17", trust=trust)
            for number, each in enumerate(listed, 1)
        )
        anywhere = tuple(each for each in statements if each.actions.services is None)
        services = {service for each in statements for service in each.actions.services or ()}
        by_service = {
            service: tuple(s for s in statements if s.actions.services is None or service in s.actions.services)
            for service in services
        }
        return cls(source, statements, by_service, anywhere)

    def about(self, service: str) -> tuple[Statement, ...]:
        """Return the statements that can apply to a service's actions. service: in lower case."""
        return self._by_service.get(service, self._of_any_service)


def _loaded(document: str | Mapping[str, object], source: str) -> object:
    if not isinstance(document, str):
        return document
    text = document if document.lstrip().startswith("{") else unquote(document)
    try:
        return json.loads(text, object_pairs_hook=lambda pairs: _object(pairs, source))
    except json.JSONDecodeError as error:
        raise PolicyUnreadable(
            f"The policy {source} is not JSON: {error.msg} in line {error.lineno}, column {error.colno}."
        ) from None
    except RecursionError:
        raise PolicyUnreadable(f"The policy {source} is nested too deeply.") from None


def _object(pairs: list[tuple[str, object]], source: str) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise PolicyUnreadable(f"The policy {source} has the key {twice} twice in one object.")
    return found


@dataclass(frozen=True, slots=True)
class _Element:
    """An object of the document, and how to report an error in it."""

    content: Mapping[str, object]
    source: str
    number: int | None

    def refused(self, what: str) -> PolicyUnreadable:
        return _refused(self.source, self.number, what)

    def only(self, *names: str) -> None:
        for name in self.content:
            if name not in names:
                raise self.refused(f"it has the element {name!r}, which is not part of the policy language there")

    def get[T](self, name: str, default: T) -> object | T:
        return self.content.get(name, default)

    def one_of(self, name: str, opposite: str) -> tuple[object, bool]:
        """Return the content, and whether it has the opposite's name."""
        if (name in self.content) is (opposite in self.content):
            raise self.refused(f"it needs {name} or {opposite}, and one of them only")
        return (self.content[opposite], True) if opposite in self.content else (self.content[name], False)

    def texts(self, content: object, name: str) -> tuple[str, ...]:
        listed = content if isinstance(content, (list, tuple)) else [content]
        texts = []
        for each in listed:
            if not isinstance(each, str):
                raise self.refused(f"{name} holds something that is not text")
            # IAM's grammar has no control characters; two of them represent the wildcards here.
            if any(char < " " and char not in "\t\n\r" for char in each):
                raise self.refused(f"{name} holds a control character")
            texts.append(each)
        return tuple(texts)


def _refused(source: str, number: int | None, what: str) -> PolicyUnreadable:
    where = "" if number is None else f"statement {number} of "
    return PolicyUnreadable(f"Could not read {where}the policy {source}: {what}.")


def _element(content: object, source: str, number: int | None = None) -> _Element:
    if not isinstance(content, Mapping) or not all(isinstance(name, str) for name in content):
        raise _refused(source, number, "it is not an object")
    return _Element(content, source, number)


def _statement(body: _Element, *, variables: bool, trust: bool) -> Statement:
    body.only(
        "Sid", "Effect", "Action", "NotAction", "Condition",
        *(("Principal", "NotPrincipal") if trust else ("Resource", "NotResource")),
    )  # fmt: skip
    effect = body.get("Effect", None)
    if effect not in ("Allow", "Deny"):
        raise body.refused("its Effect is neither Allow nor Deny")
    sid = body.get("Sid", None)
    if sid is not None and not isinstance(sid, str):
        raise body.refused("its Sid is not text")
    written, not_action = body.one_of("Action", "NotAction")
    actions = body.texts(written, "Action")
    for action in actions:
        service, colon, name = action.partition(":")
        if action != "*" and not (service and colon and name):
            raise body.refused(f"the action {action!r} is neither * nor service:Action")
    resources = principals = None
    if trust:
        written, negated = body.one_of("Principal", "NotPrincipal")
        principals = _principals(body, written, negated=negated)
    else:
        written, negated = body.one_of("Resource", "NotResource")
        resources = Resources(body.texts(written, "Resource"), negated=negated, variables=variables)
    return Statement(
        source=body.source,
        number=body.number or 1,
        sid=sid,
        allows=effect == "Allow",
        actions=Actions(actions, negated=not_action),
        resources=resources,
        principals=principals,
        conditions=tuple(_conditions(body, variables=variables)),
    )


def _principals(body: _Element, written: object, *, negated: bool) -> Principals:
    if written == "*":
        return Principals(frozenset(), everyone=True, negated=negated)
    if not isinstance(written, Mapping):
        raise body.refused("its Principal is neither * nor an object")
    named = {str(kind): body.texts(content, "Principal") for kind, content in written.items()}
    # For a resource-based policy, {"AWS": "*"} means the same as "*".
    everyone = "*" in named.get("AWS", ())
    return Principals(frozenset(named.get("Service", ())), everyone, negated)


def _conditions(body: _Element, *, variables: bool) -> Iterable[Condition]:
    block = body.get("Condition", {})
    if not isinstance(block, Mapping):
        raise body.refused("its Condition is not an object")
    for operator, keys in block.items():
        if not isinstance(keys, Mapping):
            raise body.refused(f"its Condition {operator} is not an object")
        for key, wanted in keys.items():
            listed = wanted if isinstance(wanted, (list, tuple)) else [wanted]
            # IAM reads true and 5 as "true" and "5".
            texts = [
                str(each).lower() if isinstance(each, bool) else str(each) if isinstance(each, (int, float)) else each
                for each in listed
            ]
            yield Condition.parse(operator, key, body.texts(texts, f"Condition {operator}"), variables=variables)
