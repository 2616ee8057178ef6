"""The section of the standard about notification: who is notified of what, and when."""

from datetime import UTC, datetime, time, timedelta, tzinfo

from domain.findings.address import Address
from domain.severity import Severity
from domain.standard.part import Field, Part, field_validator, model_validator
from domain.standard.selector import Selector
from domain.workload import Workload


class Route(Part):
    """Where the alerts of some workloads go: a channel, a name that subscriptions can filter on, or both."""

    where: Selector = Field(default=Selector(), description="Which workloads; all if left out.")
    severity: Severity = Field(default=Severity.INFORMATIONAL, description="The lowest severity.")
    channel: str = Field(
        default="", pattern=r"^([CGD][A-Z0-9]{2,20})?$", description="The id of the Slack channel that a bot posts to."
    )
    name: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9_.-]{0,64}$",
        description="The message attribute `route` on the topic `alerts`: subscriptions filter on it.",
    )

    @model_validator(mode="after")
    def _leads_somewhere(self) -> "Route":
        if not self.channel and not self.name:
            raise ValueError("a channel, a name, or both")
        return self


class QuietHours(Part):
    """Hours of each day in which nobody is notified of what is only LOW."""

    begin: str = Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="When they begin: `18:00`.")
    end: str = Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="When they end: `08:00`.")
    timezone: str = Field(default="UTC", description="The time zone: `Europe/Dublin`.")

    @field_validator("begin", "end", mode="before")
    @classmethod
    def _of_minutes(cls, value: object) -> object:
        """What reads YAML 1.1 and writes it again makes the number 1080 of 18:00 without quotes."""
        return f"{value // 60:02}:{value % 60:02}" if type(value) is int and value >= 0 else value

    @field_validator("timezone")
    @classmethod
    def _known(cls, value: str) -> str:
        # An empty name is the machine's own zone to dateutil, and one with a slash before it a file.
        if not value or value.startswith(("/", ".", ":")) or _zone(value) is None:
            raise ValueError("a time zone, as Europe/Dublin")
        return value

    @model_validator(mode="after")
    def _lasts(self) -> "QuietHours":
        if self.begin == self.end:
            raise ValueError("hours that end at another time than they begin; 00:00 to 23:59 is nearly all of the day")
        return self

    def until(self, now: datetime) -> datetime | None:
        """Return when the quiet hours end that `now` is in; None if it is in none."""
        local = now.astimezone(_zone(self.timezone))
        begin, end = time.fromisoformat(self.begin), time.fromisoformat(self.end)
        at = local.time()
        if not (begin <= at < end if begin <= end else at >= begin or at < end):
            return None
        day = local.date() if at < end else local.date() + timedelta(days=1)
        return datetime.combine(day, end, local.tzinfo).astimezone(UTC)


class Notification(Part):
    """Who is notified of what, and when."""

    team_tag: str = Field(
        default="team",
        min_length=1,
        description="The tag of task definitions and services that names their team, for alerts and weekly digests.",
    )
    routes: tuple[Route, ...] = Field(
        default=(), description="Where alerts go besides the stack's own channel. A later entry wins."
    )
    quiet_hours: QuietHours | None = Field(
        default=None, description="Hours in which messages about what is only LOW wait for their end."
    )

    def address(self, workload: Workload, severity: Severity) -> Address:
        """Return where the alerts of a workload go that have this severity."""
        tags = {**workload.task.tags, **(workload.service.tags if workload.service is not None else {})}
        team = tags.get(self.team_tag, "")
        fitting = [each for each in self.routes if severity >= each.severity and each.where.matches(workload)]
        return Address(team, fitting[-1].name, fitting[-1].channel) if fitting else Address(team)

    def quiet_until(self, severity: Severity, now: datetime) -> datetime | None:
        """Return until when nobody is notified of this severity; None if that is now."""
        quiet = self.quiet_hours if severity <= Severity.LOW else None
        return quiet.until(now) if quiet is not None else None


def _zone(name: str) -> tzinfo | None:
    from dateutil.tz import gettz  # type: ignore[import-untyped] # noqa: PLC0415 - few standards have quiet hours

    # Lambda's runtime may have no data about time zones; dateutil brings its own.
    try:
        found: tzinfo | None = gettz(name)
    except ValueError:
        return None
    return found
