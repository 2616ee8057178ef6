"""Failed calls and refusals, as sentences for the person at the terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from aws.calls import CallFailed

NO_REGION = "No region is set. Give --region, or set AWS_REGION."
_NO_CREDENTIALS = frozenset({
    "CredentialRetrievalError", "NoCredentialsError", "PartialCredentialsError", "ProfileNotFound", "SSOTokenLoadError",
})  # fmt: skip
_OLD_CREDENTIALS = frozenset({
    "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "LoginRefreshRequired", "RequestExpired",
    "TokenRetrievalError", "UnauthorizedSSOTokenError", "UnrecognizedClientException",
})  # fmt: skip
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "AccessDeniedFault", "UnauthorizedOperation"})


class RequestFailed(Exception):
    """A request could not be sent, or a result not read; the message says why and what to do.

    `code` is the error code of the call that failed, if one did. With it `cli.confirmation` can say more.
    """

    def __init__(self, sentence: str, code: str = "") -> None:
        self.code = code
        super().__init__(sentence)


@contextmanager
def failures_as_sentences(
    policy: str = "docs/corrections.md has the policy that this command needs.",
) -> Iterator[None]:
    """Turn a failed call into RequestFailed. `policy` is the sentence that says where the caller's policy is."""
    try:
        yield
    except CallFailed as failed:
        raise RequestFailed(_sentence(failed, policy), failed.code) from None


def _sentence(failed: CallFailed, policy: str) -> str:
    if failed.code in _NO_CREDENTIALS:
        return f"There are no AWS credentials here ({failed.code}). Log in, or name a profile with --profile."
    if failed.code in _OLD_CREDENTIALS:
        return f"AWS does not accept these credentials ({failed.code}). Log in again."
    if failed.code == "NoRegionError":
        return NO_REGION
    if failed.code in _DENIED:
        return f"These credentials may not call {failed.call} on {failed.resource}. {policy}"
    return f"{failed}.{' Try again.' if failed.transient else ''}"
