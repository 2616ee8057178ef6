"""Read a stack's ledger with the caller's own credentials."""

from aws.ledger import Ledger
from aws.parameters import read_document
from aws.sessions import Sessions
from aws.stacks import Stack
from cli.confirmation import sentences
from cli.deployed import connected, deployed
from cli.failures import RequestFailed, failures_as_sentences
from cli.options import AwsOptions, StackOptions
from domain.organization import Membership, OwnersRecord
from domain.places import Place
from domain.standard import Standard, StandardInvalid, default_standard
from domain.standard.layered import standard_of
from operations.differences import Compared, Comparison
from operations.ledger_differences import LedgerComparison
from rules import CATALOGUE


def compared_on(stack: str, given: AwsOptions, old: Standard | None, new: Standard) -> tuple[Standard, list[Compared]]:
    """Compare two standards on a stack's ledger; without an old one, the stack's. Return the old one too.

    Raises Unusable if there is no stack of that name, or it cannot be read.
    """
    with sentences(given), failures_as_sentences():
        aws = connected(given)
        place, found = Place(aws.account, aws.region), deployed(aws, stack, "LedgerTable")
        old = old or _of_stack(aws, found, "--against")
        ledger = Ledger(aws, found.outputs["LedgerTable"])
        member = ledger.accounts.of(place.account) if old.layers or new.layers else Membership(place.account)
        comparison = LedgerComparison(ledger, Comparison(standard_of(old, member), standard_of(new, member), CATALOGUE))
        return old, list(comparison.of(place))


def stored_standard(stack: str, given: AwsOptions) -> Standard:
    """Return the standard of a stack. Raises Unusable if there is no stack of that name, or it cannot be read."""
    with sentences(given), failures_as_sentences("docs/scan.md has what --stack needs."):
        aws = connected(given)
        return _of_stack(aws, deployed(aws, stack, "LedgerTable"), "--standard in place of --stack")


def standard_on(given: StackOptions, account: str) -> tuple[str, str, Membership, tuple[OwnersRecord, ...]]:
    """Return the text of a stack's standard, its name, and what the ledger knows of an account and its owners.

    The text is empty for the packaged standard. Raises Unusable if they cannot be read.
    """
    with sentences(given), failures_as_sentences():
        aws = connected(given)
        found = deployed(aws, given.stack, "LedgerTable")
        location = found.parameters.get("StandardLocation", "")
        text = read_document(aws, location) if location else ""
        accounts = Ledger(aws, found.outputs["LedgerTable"]).accounts
        return text, f"The standard at {location}", accounts.of(account), tuple(accounts.exemptions_of(account))


def _of_stack(aws: Sessions, stack: Stack, instead: str) -> Standard:
    location = stack.parameters.get("StandardLocation", "")
    if not location:
        return default_standard()
    try:
        return Standard.parse(read_document(aws, location), f"The standard at {location}")
    except StandardInvalid as invalid:
        raise RequestFailed(f"{invalid}\nName another with {instead}.") from None
