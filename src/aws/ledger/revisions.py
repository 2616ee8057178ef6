"""What each revision contains. That never changes, so a known revision costs no call."""

import gzip
import json
from dataclasses import dataclass

from aws.ledger.table import Table, expiry
from domain.ecs.task_definition import TaskDefinition
from domain.places import Revision
from domain.subject import SubjectId

_REVISION_DAYS, _RENEWED_DAYS = 14, 7  # the sweep reads what is in use each day; the rest would be scanned with it


@dataclass(frozen=True, slots=True)
class Revisions:
    """The rows of revisions."""

    table: Table

    def keep(self, revision: Revision, task: TaskDefinition) -> None:
        """Keep what a revision contains. The document is to hold no environment value that no rule reads."""
        body = gzip.compress(json.dumps(task.json).encode(), mtime=0)
        self.table.put(
            f"revisions/{SubjectId.of_family(revision).key}",
            str(revision.number),
            {"body": {"B": body}, "expires": expiry(_REVISION_DAYS)},
        )

    def kept(self, revision: Revision) -> TaskDefinition | None:
        """None where it is not kept. What goes on being asked for is kept on."""
        pk, sk = f"revisions/{SubjectId.of_family(revision).key}", str(revision.number)
        item = self.table.row(pk, sk)
        if item is None:
            return None
        if int(item["expires"]["N"]) < int(expiry(_RENEWED_DAYS)["N"]):
            self.table.renew(pk, sk, expiry(_REVISION_DAYS))
        return TaskDefinition(json.loads(gzip.decompress(item["body"]["B"])))

    def forget(self, revision: Revision) -> None:
        """A revision that is no longer active is not to be judged from memory."""
        self.table.delete(f"revisions/{SubjectId.of_family(revision).key}", str(revision.number))
