"""What could not be asked or done, as a sentence for the person at the terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from aws.calls import CallFailed

NO_REGION = "No region is known. Give --region, or set AWS_REGION."
_NO_CREDENTIALS = frozenset({
    "CredentialRetrievalError", "NoCredentialsError", "PartialCredentialsError", "ProfileNotFound", "SSOTokenLoadError",
})  # fmt: skip
_OLD_CREDENTIALS = frozenset({
    "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "LoginRefreshRequired", "RequestExpired",
    "TokenRetrievalError", "UnauthorizedSSOTokenError", "UnrecognizedClientException",
})  # fmt: skip
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "AccessDeniedFault", "UnauthorizedOperation"})


class NotAsked(Exception):
    """Nothing was asked, or nothing is known of it; the message is a sentence that says why and what to do.

    `code` is that of the call that failed, if one did: who knows what was given at the terminal may say more.
    """

    def __init__(self, sentence: str, code: str = "") -> None:
        self.code = code
        super().__init__(sentence)


@contextmanager
def spoken() -> Iterator[None]:
    """A failed call as a sentence for the person at the terminal."""
    try:
        yield
    except CallFailed as failed:
        raise NotAsked(_sentence(failed), failed.code) from None


def _sentence(failed: CallFailed) -> str:
    if failed.code in _NO_CREDENTIALS:
        return f"There are no AWS credentials here ({failed.code}). Log in, or name a profile by AWS_PROFILE."
    if failed.code in _OLD_CREDENTIALS:
        return f"AWS does not take these credentials ({failed.code}). Log in again."
    if failed.code == "NoRegionError":
        return NO_REGION
    if failed.code in _DENIED:
        return (
            f"These credentials may not call {failed.call} on {failed.resource}. docs/corrections.md has the policy"
            " that this command needs."
        )
    return f"{failed}.{' Try again.' if failed.transient else ''}"
