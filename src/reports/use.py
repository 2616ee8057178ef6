"""What runs a family, or uses a parameter or role, in a phrase."""

from collections.abc import Iterator
from itertools import groupby

from domain.findings.finding import Finding, FindingState
from domain.findings.users import UNUSED, User, in_use
from domain.places import Revision
from domain.subject import Subject
from reports.text import first_of

_NAMED = 3  # in a phrase


def use_of(finding: Finding, most: int) -> str:
    """Return who uses a finding's subject: `run by shop/web, 3 tasks; and 2 more`; empty if nobody does.

    At most `most` users are named.
    """
    if finding.state is not FindingState.OPEN or finding.subject.kind is Subject.SERVICE:
        return ""
    shown, more = finding.users.known[:most], finding.users.more + len(finding.users.known[most:])
    rest = [f"and {more} more"] if more else []
    if finding.subject.kind is not Subject.FAMILY:
        return f"used by {'; '.join([*_families(shown), *rest])}" if shown else ""
    revision = Revision.parse(finding.resource)
    number = revision.number if revision else 0
    runs = "; ".join([*(_runs(user, number) for user in shown), *rest])
    if in_use(shown, number):
        return f"run by {runs}"
    if finding.severity > UNUSED and shown:
        return f"nothing runs it yet, but the revisions that run drift as well: {runs}"
    others = f". Other revisions run: {runs}" if runs else ""
    return f"nothing runs it yet, so its severity is at most {UNUSED.value}{others}"


def runners(finding: Finding) -> list[str]:
    """Return what runs the revision that a family's finding is about."""
    revision = Revision.parse(finding.resource)
    return [_place(user) for user in finding.users.known if revision and user.revision in {revision.number, 0}]


def where_it_runs(finding: Finding) -> str:
    """Return the same as a phrase: `shop/web, shop/api and 2 more`; empty if nothing is known to run it."""
    return first_of(runners(finding), _NAMED)


def still_runs(finding: Finding) -> str:
    """Return where an earlier revision still runs, and what ends that."""
    revision, titles = Revision.parse(finding.resource), runners(finding)
    newest, verb = f"{finding.subject.name}:{finding.successor}", "runs" if len(titles) == 1 else "run"
    return f"{first_of(titles, _NAMED) or 'Tasks'} still {verb} {revision}. {newest} fixes it: redeploy with {newest}."


def _families(users: tuple[User, ...]) -> Iterator[str]:
    for family, some in groupby(users, lambda user: user.family):
        titles = ", ".join(_title(user) for user in some if user.title)
        yield f"{family} ({titles})" if titles else family


def _runs(user: User, number: int) -> str:
    return _title(user) + (f" of revision {user.revision}" if user.revision not in {number, 0} else "")


def _title(user: User) -> str:
    return f"{_place(user)}, {user.tasks} task{'' if user.tasks == 1 else 's'}"


def _place(user: User) -> str:
    return user.title if "/" in user.title else f"{user.title} without a service"
