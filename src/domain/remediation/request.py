"""Requests: what remediate is asked for. Each is only a pointer; what is there is read, judged and planned again."""

import hashlib
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from domain.json_text import strict_json
from domain.places import MOST_REVISIONS, Place, Revision
from domain.subject import Subject, SubjectId
from domain.triggers.actor import Actor
from domain.triggers.trigger import PLAN_DIGEST


class RequestUnreadable(Exception):
    """A message that is no request."""


type Caller = Annotated[
    str,
    Field(max_length=2048, description="The ARN of who sends it. It counts only where IAM confirms it for the sender."),
]

type Asked = Annotated[datetime | None, Field(description="When it was asked: the same wish later is another.")]


class _Request(BaseModel):
    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")

    account: str = Field(pattern=r"^\d{12}$")
    region: str = Field(pattern=r"^[a-z]{2}[a-z-]+-\d$")
    family: str = Field(
        min_length=1, max_length=255, description="The family that it is about; the queue's message group."
    )

    @property
    def place(self) -> Place:
        return Place(self.account, self.region)

    @property
    def subject(self) -> SubjectId:
        return SubjectId(self.place, Subject.FAMILY, self.family)

    @property
    def group(self) -> str:
        """All that concerns one family is done one after the other."""
        return f"{self.account}-{self.region}-{self.family}"[:128]

    @property
    def deduplication(self) -> str:
        """The request's id: the same for the same wish, also of another sender."""
        return hashlib.sha256(self.model_dump_json(exclude={"arn", "agent"}).encode()).hexdigest()


class CorrectRequest(_Request):
    """Correct a revision whose plan is SAFE and whose rules' mode allows it."""

    kind: Literal["correct"] = "correct"
    revision: int = Field(ge=1, le=MOST_REVISIONS)
    digest: str = ""
    arn: str = Field(default="", description="Who registered it, as far as CloudTrail says.")
    agent: str = Field(default="", description="With what.")
    after: str = Field(default="", description="When the attempt ended that was released; empty for the first.")

    @property
    def source(self) -> Revision:
        return Revision(self.place, self.family, self.revision)

    @property
    def actor(self) -> Actor:
        return Actor(self.arn, self.agent)


class CorrectServiceRequest(_Request):
    """Correct a service by UpdateService alone; `deployment` is the one that the plan was made for."""

    kind: Literal["correct-service"] = "correct-service"
    service: str = Field(min_length=3, pattern="^[^/]+/[^/]+$")
    revision: int = Field(ge=1, le=MOST_REVISIONS, description="The revision that it runs.")
    deployment: str = ""
    digest: str = ""
    after: str = Field(default="", description="As above.")

    @property
    def source(self) -> Revision:
        return Revision(self.place, self.family, self.revision)


class ApplyRequest(_Request):
    """A person approved a plan: the one that the ledger holds for a family, or for a service where one is named."""

    kind: Literal["apply"] = "apply"
    service: str = Field(default="", pattern="^([^/]+/[^/]+)?$")
    rule: str = Field(default="", description="The rule of the finding that was approved on.")
    digest: str = Field(
        pattern=f"{PLAN_DIGEST}|^$", description="The plan that was seen; empty if the finding showed none."
    )
    at: datetime
    caller: Caller = ""

    @property
    def when(self) -> datetime:
        return self.at if self.at.tzinfo else self.at.replace(tzinfo=UTC)

    def request_id(self, by: str) -> str:
        """The same for several findings that show one plan and are approved at once: one wish, and one refusal."""
        what = (str(self.place), self.family, self.service, self.digest, by, f"{self.when:%Y-%m-%dT%H:%M}")
        return hashlib.sha256("\n".join(what).encode()).hexdigest()

    @property
    def on(self) -> SubjectId:
        """The subject that the plan is of."""
        return SubjectId(self.place, Subject.SERVICE, self.service) if self.service else self.subject


class ResumeRequest(_Request):
    """See how an attempt stands, and go on with it."""

    kind: Literal["resume"] = "resume"
    attempt: str = Field(min_length=1)


class UndoRequest(_Request):
    """Set a service back to what it ran before Outrider; without one, every service of the family, and the revision."""

    kind: Literal["undo"] = "undo"
    service: str = Field(default="", pattern="^([^/]+/[^/]+)?$")
    caller: Caller = ""
    at: Asked = None


class ReleaseRequest(_Request):
    """End a family's quarantine."""

    kind: Literal["release"] = "release"
    caller: Caller = ""
    at: Asked = None


class ReleaseStagesRequest(_Request):
    """Let corrections go on in all accounts after some failed. It is about no family."""

    kind: Literal["release-stages"] = "release-stages"
    family: Literal["-"] = "-"
    caller: Caller = ""
    at: Asked = None


class RetryRequest(_Request):
    """Try now what waits in a family, and what waited too long for the switch or the standard."""

    kind: Literal["retry"] = "retry"
    at: Asked = None


type PersonRequest = ApplyRequest | UndoRequest | ReleaseRequest | ReleaseStagesRequest
"""Requests that a person answers for."""
type Request = CorrectRequest | CorrectServiceRequest | PersonRequest | ResumeRequest | RetryRequest

_ADAPTER: TypeAdapter[Request] = TypeAdapter(
    Annotated[Request, Field(discriminator="kind")], config=ConfigDict(defer_build=True)
)


def read_request(body: str) -> Request:
    """RequestUnreadable where it is no request; the sentence never shows what it holds."""
    try:
        return _ADAPTER.validate_python(strict_json(body))
    except ValueError:  # pydantic's is one
        raise RequestUnreadable(
            "The message is no request for a correction: it came neither from inspect nor from the command line."
        ) from None
