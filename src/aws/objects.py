"""Objects in the stack's own bucket: certificates of coverage, reports, and how far a sweep came."""

from dataclasses import dataclass

from aws.calls import calling, tolerating
from aws.errors import Meaning
from aws.sessions import Sessions
from domain.places import Place


@dataclass(frozen=True, slots=True)
class Bucket:
    """An S3 bucket of Outrider's own account. Raises CallFailed."""

    sessions: Sessions
    name: str

    @property
    def home(self) -> Place:
        return Place(self.sessions.account, self.sessions.region)

    def put(self, key: str, body: str | bytes, kind: str = "application/json") -> None:
        """Store an object; `kind` is its media type, by which a browser shows it."""
        content = body.encode() if isinstance(body, str) else body
        with calling("s3:PutObject", key):
            self.sessions.own("s3").put_object(Bucket=self.name, Key=key, Body=content, ContentType=kind)

    def get(self, key: str) -> str | None:
        """Return an object's text; None if there is none."""
        with tolerating(Meaning.ABSENT), calling("s3:GetObject", key):
            return str(self.sessions.own("s3").get_object(Bucket=self.name, Key=key)["Body"].read().decode())
        return None
