"""The content of each revision. It never changes, so a known revision costs no call."""

import gzip
import json
from collections.abc import Mapping
from typing import Any

from aws.ledger.table import Rows, expiry
from domain.ecs.task_definition import TaskDefinition
from domain.places import Revision
from domain.subject import SubjectId

# The sweep reads used revisions each day; unused rows would only make its scans longer.
_REVISION_DAYS, _RENEWED_DAYS = 14, 7


class Revisions(Rows):
    """The rows of revisions."""

    def keep(self, revision: Revision, task: TaskDefinition) -> None:
        """Store a revision. The document must hold no environment value that no rule reads."""
        body = gzip.compress(json.dumps(task.json).encode(), mtime=0)
        self.table.put(*_key(revision), {"body": {"B": body}, "expires": expiry(_REVISION_DAYS)})

    def kept(self, revision: Revision) -> TaskDefinition | None:
        """Return a stored revision, or None. Reading it extends its time to live."""
        item = self.table.row(*_key(revision))
        if item is None:
            return None
        if int(item["expires"]["N"]) < int(expiry(_RENEWED_DAYS)["N"]):
            self.table.renew(*_key(revision), expiry(_REVISION_DAYS))
        return _task(item)

    def held(self, revision: Revision) -> TaskDefinition | None:
        """Return a stored revision, or None. Writes nothing."""
        item = self.table.row(*_key(revision))
        return _task(item) if item is not None else None

    def forget(self, revision: Revision) -> None:
        """Delete a revision that is no longer active, so that it is not evaluated from the ledger."""
        self.table.delete(*_key(revision))


def _key(revision: Revision) -> tuple[str, str]:
    return f"revisions/{SubjectId.of_family(revision).key}", str(revision.number)


def _task(item: Mapping[str, Any]) -> TaskDefinition:
    return TaskDefinition(json.loads(gzip.decompress(item["body"]["B"])))
