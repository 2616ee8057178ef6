"""What each error of AWS means: one table of codes, by call, and by a phrase where the code does not tell."""

from dataclasses import dataclass
from enum import StrEnum

_EVERY = "*"
SERVER_ERROR = 500
"""The least HTTP status after which a call may have had an effect though it failed."""


class Meaning(StrEnum):
    """What an error means for the caller."""

    RETRY = "retry"  # the same call may succeed later
    ABSENT = "absent"  # what it names does not exist, or AWS does not show it everywhere yet
    INACTIVE = "inactive"  # the revision that it names is deregistered
    CONFLICT = "conflict"  # a condition of the write does not hold: another worker wrote first
    REFUSE = "refuse"  # AWS rejects what was sent, and would reject it again
    ASK = "ask"  # a person must act first: a permission, a quota, a key, an account that is not set up


@dataclass(frozen=True, slots=True)
class _Row:
    calls: tuple[str, ...]
    codes: tuple[str, ...]
    meaning: Meaning
    phrases: tuple[str, ...] = ()
    """If given, the message must contain one of them. AWS documents no codes for these."""

    def fits(self, call: str, code: str, message: str) -> bool:
        here = _EVERY in self.calls or call in self.calls
        return here and code in self.codes and (not self.phrases or any(each in message for each in self.phrases))


_CLIENT = ("ClientException", "InvalidParameterException")
_REGISTER, _UPDATE = ("ecs:RegisterTaskDefinition",), ("ecs:UpdateService",)
_DEREGISTER = ("ecs:DeregisterTaskDefinition",)
_IMPORT = ("securityhub:BatchImportFindings",)
_NO_SUCH_REVISION = ("does not exist", "not found", "Unable to describe task definition", "Invalid revision number")

# The first row that fits counts.
_TABLE = (
    _Row(_REGISTER, ("ClientException",), Meaning.RETRY, ("Too many concurrent attempts to create a new revision",)),
    _Row(_REGISTER, _CLIENT, Meaning.REFUSE),
    # ECS answers so for an unknown family or revision, and for nothing else of this call.
    _Row(("ecs:DescribeTaskDefinition",), _CLIENT, Meaning.ABSENT),
    _Row(_UPDATE, _CLIENT, Meaning.INACTIVE, ("is inactive", "is INACTIVE")),
    _Row((*_UPDATE, *_DEREGISTER), _CLIENT, Meaning.ABSENT, _NO_SUCH_REVISION),
    # The service itself is gone, or is being deleted.
    _Row(
        _UPDATE,
        ("ServiceNotFoundException", "ServiceNotActiveException", "ClusterNotFoundException"),
        Meaning.REFUSE,
    ),
    _Row(("cloudformation:DescribeStacks",), ("ValidationError",), Meaning.ABSENT),
    _Row(_IMPORT, ("ConcurrentUpdateError", "InternalException", "LimitExceeded"), Meaning.RETRY),
    _Row(_IMPORT, ("LimitExceededException",), Meaning.RETRY),
    _Row(
        (_EVERY,),
        (
            "InternalError", "InternalFailure", "InternalServerError", "KMSThrottlingException", "KmsThrottled",
            "PriorRequestNotComplete", "ProvisionedThroughputExceeded", "ProvisionedThroughputExceededException",
            "RequestLimitExceeded", "RequestThrottled", "RequestTimeout", "ServerException", "ServiceUnavailable",
            "ServiceUnavailableException", "SlowDown", "Throttled", "ThrottledException", "Throttling",
            "ThrottlingError", "ThrottlingException", "TooManyRequestsException", "TooManyUpdates",
            "TransactionConflict", "TransactionConflictException", "TransactionInProgressException",
        ),
        Meaning.RETRY,
    ),
    _Row((_EVERY,), ("ConditionalCheckFailed", "ConditionalCheckFailedException"), Meaning.CONFLICT),
    _Row(
        (_EVERY,),
        (
            "ClusterNotFoundException", "NoSuchBucket", "NoSuchEntity", "NoSuchEntityException", "NoSuchKey",
            "NoSuchVersion", "NotFound", "NotFoundException", "ParameterNotFound", "ParameterVersionNotFound",
            "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", "ResourceNotFoundException",
            "ServiceNotFoundException", "TaskSetNotFoundException",
        ),
        Meaning.ABSENT,
    ),
    _Row(
        (_EVERY,),
        (
            "AccessDenied", "AccessDeniedException", "AuthorizationError", "AuthorizationErrorException",
            "BlockedException", "DecryptionFailure", "ExpiredToken", "ExpiredTokenException", "IncompleteSignature",
            "InvalidAccess", "InvalidAccessException", "InvalidAccessKeyId", "InvalidClientTokenId", "InvalidKeyId",
            "InvalidSignatureException", "KMSAccessDeniedException", "KMSDisabledException",
            "KMSInvalidStateException", "KMSNotFoundException", "KMSOptInRequired", "KmsAccessDenied", "KmsDisabled",
            "KmsInvalidKeyUsage", "KmsInvalidState", "KmsNotFound", "KmsOptInRequired", "LimitExceededException",
            "MissingAuthenticationToken", "OptInRequired", "RegionDisabledException", "ServiceQuotaExceededException",
            "SignatureDoesNotMatch", "SubscriptionRequiredException", "UnauthorizedException", "UnauthorizedOperation",
            "UnrecognizedClientException",
        ),
        Meaning.ASK,
    ),
    _Row(
        (_EVERY,),
        (
            "AWS.SimpleQueueService.BatchRequestTooLong", "AWS.SimpleQueueService.UnsupportedOperation",
            "BatchRequestTooLong", "ClientException", "DuplicateItem", "EndpointDisabled", "InvalidAddress",
            "InvalidFilterKey", "InvalidFilterOption", "InvalidFilterValue", "InvalidInput", "InvalidInputException",
            "InvalidMessageContents", "InvalidNextToken", "InvalidParameter", "InvalidParameterCombination",
            "InvalidParameterException", "InvalidParameterValue", "InvalidRequest", "InvalidRequestException",
            "ItemCollectionSizeLimitExceeded", "ItemCollectionSizeLimitExceededException", "MessageNotInflight",
            "MissingParameter", "NamespaceNotFoundException", "PlatformTaskDefinitionIncompatibilityException",
            "PlatformUnknownException", "ReceiptHandleIsInvalid", "SerializationException",
            "ServiceNotActiveException", "UnsupportedFeatureException", "UnsupportedOperation", "ValidationError",
            "ValidationException",
        ),
        Meaning.REFUSE,
    ),
)  # fmt: skip


def meaning_of(call: str, code: str, message: str = "", status: int = 0) -> Meaning:
    """Return what an error means. An unknown one is retried, and its message goes to the DLQ in the end.

    `call` has the name that IAM gives it: `ecs:DescribeTaskDefinition`.
    """
    if status >= SERVER_ERROR:
        return Meaning.RETRY
    return next((row.meaning for row in _TABLE if row.fits(call, code, message)), Meaning.RETRY)
