"""The environment of a function, read once into one frozen model."""

import os
from functools import lru_cache
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from domain.members import Members, Registrar
from domain.places import Place
from domain.standard import Mode

RELEASE = "0.1.0"
"""The project's own; pyproject.toml reads it from here."""

PAGES = f"https://outrider-ecs.github.io/outrider/v{RELEASE}"
"""Where the project publishes the documentation of this release. Nothing else names the address."""


class SettingsInvalid(Exception):
    """The function's environment is not what the stack sets."""


def _listed(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


type Listed = Annotated[tuple[str, ...], BeforeValidator(_listed)]


class Settings(BaseModel):
    """What the stack sets for its functions. Each function has only what it uses."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    table: str = Field(default="", alias="OUTRIDER_TABLE")
    alerts_topic: str = Field(default="", alias="OUTRIDER_ALERTS_TOPIC")
    operations_topic: str = Field(default="", alias="OUTRIDER_OPERATIONS_TOPIC")
    changes_queue: str = Field(default="", alias="OUTRIDER_CHANGES_QUEUE")
    subjects_queue: str = Field(default="", alias="OUTRIDER_SUBJECTS_QUEUE")
    remediations_queue: str = Field(default="", alias="OUTRIDER_REMEDIATIONS_QUEUE")
    slack_queue: str = Field(default="", alias="OUTRIDER_SLACK_QUEUE")
    slack_webhook: str = Field(
        default="", alias="OUTRIDER_SLACK_WEBHOOK", description="Where the URL is stored; never the URL."
    )
    slack_bot: str = Field(
        default="", alias="OUTRIDER_SLACK_BOT", description="Where channel and token are stored; never the token."
    )
    chat_topic: str = Field(
        default="", alias="OUTRIDER_CHAT_TOPIC", description="The topic for Amazon Q Developer; else empty."
    )
    messages_per_batch: int = Field(
        default=5, ge=1, alias="OUTRIDER_MESSAGES_PER_BATCH", description="Sent one by one; those beyond in one digest."
    )
    message_wait: int = Field(
        default=60, ge=0, alias="OUTRIDER_MESSAGE_WAIT", description="Seconds in which alerts become one message."
    )
    standard: str = Field(
        default="", alias="OUTRIDER_STANDARD", description="ssm:NAME or s3://BUCKET/KEY; empty for the packaged one."
    )
    standard_seconds: int = Field(
        default=180, ge=1, alias="OUTRIDER_STANDARD_SECONDS", description="How long one that was read is used."
    )
    mode: Mode = Field(default=Mode.REPORT, alias="OUTRIDER_MODE", description="The most that the stack allows.")
    switch: str = Field(
        default="", alias="OUTRIDER_SWITCH", description="The parameter that must be `on` for anything to be corrected."
    )
    role: str = Field(default="", alias="OUTRIDER_ROLE", description="The ARN of the role that registers revisions.")
    account: str = Field(
        default="", alias="OUTRIDER_ACCOUNT", pattern=r"^(\d{12})?$", description="The stack's own account."
    )
    administrator: str = Field(
        default="", alias="OUTRIDER_ADMINISTRATOR", description="The account that administers Security Hub."
    )
    member_role: str = Field(
        default="", alias="OUTRIDER_MEMBER_ROLE", description="Path and name of the role that it assumes in members."
    )
    member_registrar: str = Field(
        default="", alias="OUTRIDER_MEMBER_REGISTRAR", description="Path and name of the members' remediation role."
    )
    member_external_id: str = Field(default="", alias="OUTRIDER_MEMBER_EXTERNAL_ID", repr=False)
    member_accounts: Listed = Field(
        default=(), alias="OUTRIDER_MEMBER_ACCOUNTS", description="Empty for all accounts that a role trusts it in."
    )
    inspect_id: str = Field(default="", alias="OUTRIDER_INSPECT_ID", description="The id of the role of inspect.")
    approve_id: str = Field(default="", alias="OUTRIDER_APPROVE_ID", description="The id of the role of approve.")
    image_repositories: Listed = Field(default=(), alias="OUTRIDER_IMAGE_REPOSITORIES")
    watched: str = Field(
        default="", alias="OUTRIDER_WATCHED", pattern=r"^(\d{12}/[a-z0-9-]+)?$", description="ACCOUNT/REGION."
    )
    bucket: str = Field(default="", alias="OUTRIDER_BUCKET", description="For certificates, and how far a sweep came.")
    accounts: Listed = Field(
        default=(),
        alias="OUTRIDER_ACCOUNTS",
        description="That are swept besides this one, or `organization` for all of it.",
    )
    regions: Listed = Field(default=(), alias="OUTRIDER_REGIONS", description="That are swept; none for this one.")
    iam_per_second: float = Field(
        default=0, ge=0, alias="OUTRIDER_IAM_PER_SECOND", description="Calls to IAM by all functions; 0 for no bound."
    )
    iam_share: float = Field(
        default=1, gt=0, le=1, alias="OUTRIDER_IAM_SHARE", description="The part of these that one execution makes."
    )
    metrics: str = Field(
        default="Outrider", alias="OUTRIDER_METRICS", description="CloudWatch's namespace for this stack's metrics."
    )
    docs: Annotated[str, BeforeValidator(lambda value: value or PAGES)] = Field(
        default=PAGES, alias="OUTRIDER_DOCS", description="Where the documentation's site is; empty for the project's."
    )

    @property
    def stack(self) -> str:
        """The stack's name: the namespace of its metrics ends with it."""
        return self.metrics.partition("/")[2]

    @property
    def members(self) -> Members:
        """The accounts that this stack watches."""
        return Members(
            self.account, self.member_role.lstrip("/"), self.member_external_id, frozenset(self.member_accounts)
        )

    @property
    def registrar(self) -> Registrar:
        """The role that registers revisions, in this stack's account and in members."""
        return Registrar(self.role, self.member_registrar.lstrip("/"))

    @property
    def place(self) -> Place:
        """The account and region that this stack watches."""
        account, _, region = self.watched.partition("/")
        return Place(account, region)


@lru_cache(maxsize=1)
def settings() -> Settings:
    """SettingsInvalid where the environment is not what the stack sets."""
    try:
        return Settings.model_validate(dict(os.environ))
    except ValidationError as error:
        fields = ", ".join(sorted({str(mistake["loc"][0]) for mistake in error.errors(include_input=False)}))
        raise SettingsInvalid(f"The function's environment is wrong in {fields}. Deploy the stack again.") from None
