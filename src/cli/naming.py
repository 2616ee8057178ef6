"""Parse how a person names a subject: by its name, its ARN, or a finding's Id."""

import re

from cli.failures import RequestFailed
from domain.places import Arn, Place
from domain.subject import Subject, SubjectId

_ARN_KINDS = {"task-definition": Subject.FAMILY, "service": Subject.SERVICE}
_FINDING = re.compile(
    r"outrider/(?P<subject>\d{12}/[a-z0-9-]+/(?:family|service|parameter|role)/.+)/(?P<rule>[a-z.-]+)"
)


def own_subject_of(what: str, place: Place) -> tuple[SubjectId, str, int]:
    """Return what `subject_of` does; raise RequestFailed if the subject is in another account or region."""
    subject, rule, number = subject_of(what, place)
    if subject.place != place:
        raise RequestFailed(
            f"{what} is in {subject.place}, and this is {place}. Use that account's credentials, and name its region"
            " with --region."
        )
    return subject, rule, number


def subject_of(what: str, place: Place) -> tuple[SubjectId, str, int]:
    """Return the subject, a finding's rule (or empty), and a revision's number (or 0).

    A bare name is of `place`; a finding's Id or an ARN has its own account and region.
    """
    if what.startswith("outrider/"):
        found = _FINDING.fullmatch(what)
        if found is None:
            raise RequestFailed(
                f"{what} is not a finding's Id, which has the form outrider/ACCOUNT/REGION/KIND/NAME/RULE."
            )
        return SubjectId.parse(found["subject"]), found["rule"], 0
    if what.startswith("arn:"):
        arn = Arn.parse(what)
        word, _, name = arn.resource.partition("/") if arn else ("", "", "")
        kind = _ARN_KINDS.get(word) if arn and arn.service == "ecs" else None
        if arn is None or kind is None or not name:
            raise RequestFailed(f"{what} is not the ARN of a task definition or a service.")
        place = arn.place
    else:
        name, kind = what, Subject.SERVICE if "/" in what else Subject.FAMILY
    if kind is Subject.SERVICE:
        if not re.fullmatch("[^/]+/[^/]+", name):
            raise RequestFailed(f"{what} does not name a service with its cluster: CLUSTER/SERVICE.")
        return SubjectId(place, kind, name), "", 0
    family, _, number = name.partition(":")
    if not family or (number and not re.fullmatch(r"[0-9]{1,10}", number)):
        raise RequestFailed(f"{what or 'An empty name'} is not a family, FAMILY:REVISION or CLUSTER/SERVICE.")
    return SubjectId(place, kind, family), "", int(number or 0)
