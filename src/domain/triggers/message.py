"""Messages of the queue of subjects: one subject to evaluate, and what led to it."""

import json
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from domain.findings.finding import shortened
from domain.json_text import strict_json
from domain.subject import SubjectId
from domain.triggers.reading import TriggerUnreadable
from domain.triggers.trigger import SubjectTrigger

_LONGEST_GROUP = 128  # characters that SQS takes


class SubjectMessage(BaseModel):
    """One subject to evaluate. All messages of a subject share a message group, and so it has one writer."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")

    subject: str = Field(pattern=r"^\d{12}/[a-z0-9-]+/(family|service|parameter|role)/.+$", description="Its key.")
    trigger: Annotated[SubjectTrigger, Field(discriminator="kind")]

    @model_validator(mode="after")
    def _of_one_place(self) -> Self:
        if self.on.place != self.trigger.place or self.trigger.foreign:
            raise ValueError("What led to the evaluation is of another account or region than the subject.")
        return self

    @property
    def on(self) -> SubjectId:
        return SubjectId.parse(self.subject)

    @property
    def group(self) -> str:
        return message_group(self.on)

    @property
    def body(self) -> str:
        return json.dumps({"subject": self.subject, "trigger": self.trigger.sent})


def message_group(subject: SubjectId) -> str:
    """The subject's key, or what it begins with and a digest where the key is too long."""
    return shortened(subject.key, _LONGEST_GROUP)


def read_message(body: str) -> SubjectMessage:
    """Read a message. Raises TriggerUnreadable if it is not Outrider's; the error never shows its content."""
    try:
        return SubjectMessage.model_validate(strict_json(body))
    except ValueError:  # pydantic's is one
        raise TriggerUnreadable(
            "The message names no subject to evaluate: dispatch or inspect did not send it."
        ) from None
