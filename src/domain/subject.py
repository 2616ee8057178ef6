"""Subjects: what a rule applies to, and so what its finding is keyed on."""

from dataclasses import dataclass
from enum import StrEnum

from domain.places import Place, Revision, account_of


class Subject(StrEnum):
    """The kinds of subjects."""

    FAMILY = "family"
    SERVICE = "service"
    PARAMETER = "parameter"
    ROLE = "role"

    @property
    def listed(self) -> bool:
        """Whether a sweep lists subjects of this kind; others are evaluated with the families that use them."""
        return self in {Subject.FAMILY, Subject.SERVICE}


@dataclass(frozen=True, slots=True, order=True)
class SubjectId:
    """One subject: a family, `cluster/service`, a parameter's name, or a role's ARN, in a place."""

    place: Place
    kind: Subject
    name: str

    @property
    def key(self) -> str:
        """Stable and unique: `123456789012/eu-west-1/family/web`."""
        return f"{self.place}/{self.kind.value}/{self.name}"

    @property
    def account(self) -> str:
        """The account that it belongs to: of a role, the one that its ARN names."""
        return (account_of(self.name) if self.kind is Subject.ROLE else None) or self.place.account

    @classmethod
    def of_family(cls, revision: Revision) -> "SubjectId":
        return cls(revision.place, Subject.FAMILY, revision.family)

    @classmethod
    def parse(cls, key: str) -> "SubjectId":
        account, region, kind, name = key.split("/", 3)
        return cls(Place(account, region), Subject(kind), name)
