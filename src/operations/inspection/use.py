"""Use: what runs a family, and what that means for its verdicts.

A finding closes when what runs complies with the rule, not when a revision that complies is registered. So where the
newest revision does not drift by a rule, an earlier one that runs decides. And a drift of the newest revision is at
most LOW where nothing runs it, unless what runs drifts as well.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, groupby

from aws.ecs import Ecs
from aws.ledger import History
from domain.ecs.task_definition import TaskDefinition
from domain.findings.users import UNUSED, Running, User, capped, in_use, users_of
from domain.places import Revision
from domain.scope import out_of_scope
from domain.severity import Severity
from domain.standard import Standard
from domain.subject import SubjectId
from domain.verdict import Compliant, Drifted, Exempt, Unknown, Verdict
from domain.workload import Workload
from operations.evaluation import Evaluation, Evaluator
from operations.inspection.job import of_subject
from operations.inspection.revisions import Revisions

type Earlier = Mapping[int, Workload | None]
"""The earlier revisions that run and are in scope, the newest first; None for one that cannot be read."""


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdicts on a family and its dependencies: of its newest revision, and of the earlier ones that run.

    `users` decided that. `about` has the earlier revisions that verdicts on the family are about, by rule, each with
    the number of the newest revision if that complies with the rule, or 0.
    """

    users: list[User]
    verdicts: tuple[Verdict, ...]
    about: Mapping[str, tuple[Workload, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Use:
    """Judges a family by what runs it."""

    ecs: Ecs
    revisions: Revisions

    def earlier(self, newest: Workload, users: Sequence[User], standard: Standard) -> Earlier:
        """Return the earlier revisions that run."""
        found = dict[int, Workload | None]()
        if newest.revision is None:
            return found
        for number in sorted({user.revision for user in users} - {0, newest.revision.number}, reverse=True):
            task = self.revisions.read(replace(newest.revision, number=number))
            # It runs, even if it is deregistered.
            workload = newest.with_task(task.with_(status="ACTIVE")) if task is not None else None
            if workload is None or out_of_scope(workload, standard) is None:
                found[number] = workload
        return found

    def running(self, history: History) -> TaskDefinition | None:
        """Return the newest revision that a service runs, which may be deregistered; None if none does."""
        numbers = {each.revision for each in self._services(history).values()} - {0}
        if not numbers:
            return None
        task = self.revisions.read(Revision(history.subject.place, history.subject.name, max(numbers)))
        return task.with_(status="ACTIVE") if task is not None else None

    def judged(self, history: History, evaluator: Evaluator, found: Evaluation, earlier: Earlier) -> Judged:
        """Return the verdicts, with the users that decided them."""
        users = users_of(history.subject.name, history.services, history.seen, evaluator.read_at)
        judged = _judged(history, evaluator, found, users, earlier)
        in_rollout = any(each.in_rollout for each in history.attempts)  # open findings stay as they are
        if not history.services or in_rollout or not _depends_on_use(history, judged):
            return judged
        # Events come in any order. Read the services again, so that nothing falls or closes, and rises or opens again.
        users = users_of(history.subject.name, self._services(history), history.seen, evaluator.read_at)
        earlier = self.earlier(found.workload, users, evaluator.standard)
        return _judged(history, evaluator, found, users, earlier)

    def _services(self, history: History) -> dict[str, Running]:
        """Return what the family's services run now. The ledger learns it when they are evaluated."""
        found = dict[str, Running]()
        for _, titles in groupby(sorted(history.services), lambda title: title.partition("/")[0]):
            for service in chain.from_iterable(self.ecs.described(history.subject.place, [*titles])):
                revision = service.revision
                if revision is not None and SubjectId.of_family(revision) == history.subject:
                    found[service.title] = Running.of(service, revision)
        return found


type _Key = tuple[SubjectId, str]
type _Ran = list[tuple[Workload | None, Verdict]]
"""The verdicts by one rule on the earlier revisions that run, the newest first."""


def _judged(history: History, evaluator: Evaluator, found: Evaluation, users: list[User], earlier: Earlier) -> Judged:
    """Combine the verdicts on the newest revision with those on the earlier ones that run."""
    family, newest = history.subject, found.workload.revision
    verdicts = {(verdict.subject, verdict.rule): verdict for verdict in found.verdicts}
    about = dict[str, tuple[Workload, int]]()
    ran = _ran(history, evaluator, earlier)
    for (on, rule), each in ran.items():
        held = verdicts.get((on, rule))
        workload, verdict = _combined(held, each)
        if workload is not None and on == family:
            about[rule] = workload, newest.number if newest is not None and isinstance(held, Compliant) else 0
        if verdict is not None and (held is not None or on != family or not isinstance(verdict, Compliant | Exempt)):
            verdicts[on, rule] = verdict
    if newest is not None and not in_use(users, newest.number):
        stands = history.record.open_severities
        for (on, rule), verdict in verdicts.items():
            if isinstance(verdict, Drifted) and on == family and rule not in about:
                verdicts[on, rule] = capped(verdict, _limit(ran.get((on, rule), []), stands.get(rule, UNUSED)))
    return Judged(users, tuple(verdicts.values()), about)


def _ran(history: History, evaluator: Evaluator, earlier: Earlier) -> Mapping[_Key, _Ran]:
    """Return the verdicts on the earlier revisions. One that cannot be read leaves what stands."""
    found = defaultdict[_Key, _Ran](list)
    for workload in earlier.values():
        verdicts: Sequence[Verdict] = [Unknown(rule, history.subject) for rule in history.record.open_severities]
        if workload is not None:
            verdicts = evaluator.evaluate(workload, evaluator.planner.rules(of_service=False)).verdicts
        for verdict in verdicts:
            found[verdict.subject, verdict.rule].append((workload, verdict))
    return found


def _combined(newest: Verdict | None, ran: _Ran) -> tuple[Workload | None, Verdict | None]:
    """Return a rule's verdict on what runs together, and the earlier revision that it is about, if it is."""
    drifted = [(workload, verdict) for workload, verdict in ran if isinstance(verdict, Drifted)]
    match newest:
        case Drifted():
            return None, newest
        case _ if drifted:
            return max(drifted, key=lambda each: each[1].severity.rank)  # the newest of the most severe
        case Unknown() | Exempt():
            return None, newest
        case Compliant() | None:
            unknown = next((verdict for _, verdict in ran if isinstance(verdict, Unknown)), None)
            return None, unknown or newest or ran[0][1]


def _limit(ran: _Ran, stands: Severity) -> Severity:
    """Return the severity that a drift of a revision that nothing runs may have: that of what runs, if it drifts.

    If it is not known whether that drifts, it is the open finding's.
    """
    found = [
        verdict.severity if isinstance(verdict, Drifted) else stands
        for _, verdict in ran
        if isinstance(verdict, Drifted | Unknown)
    ]
    return max([UNUSED, *found])


def _depends_on_use(history: History, judged: Judged) -> bool:
    """Whether what runs is about to change a finding: close it, lower it, or make it about an earlier revision."""
    stands = history.record.open_severities
    for rule, (workload, successor) in judged.about.items():
        finding = history.rows[rule].finding if rule in stands else None
        if finding is None or (finding.resource, finding.successor) != (workload.task.arn, successor):
            return True
    return any(
        isinstance(verdict, Compliant) or (isinstance(verdict, Drifted) and verdict.severity < stands[rule])
        for rule, verdict in of_subject(judged.verdicts, history.subject).items()
        if rule in stands
    )
