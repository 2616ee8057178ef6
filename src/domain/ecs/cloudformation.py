"""CloudFormation's names of what the API of ECS has. Tests compare them with the resource specification."""

OWN_KEYS = frozenset({"dockerLabels", "driverOpts", "labels", "options"})
"""Members whose own members are named by people, and not by the API."""
_PROPERTIES = {
    "efsVolumeConfiguration": "EFSVolumeConfiguration",
    "fileSystemId": "FilesystemId",
    "fsxWindowsFileServerVolumeConfiguration": "FSxWindowsFileServerVolumeConfiguration",
    "iam": "IAM",
    "s3filesVolumeConfiguration": "S3FilesVolumeConfiguration",
}
_PROPERTIES_WITHIN = {
    ("fsxWindowsFileServerVolumeConfiguration", "fileSystemId"): "FileSystemId",
    ("proxyConfiguration", "properties"): "ProxyConfigurationProperties",
}
_MEMBERS = {theirs: ours for ours, theirs in _PROPERTIES.items()}
_MEMBERS |= {theirs: ours for (_, ours), theirs in _PROPERTIES_WITHIN.items()}


def property_of(member: str, holder: str = "") -> str:
    """Return CloudFormation's name of a member of the API, which is in the member `holder`."""
    within = _PROPERTIES_WITHIN.get((holder, member))
    return within or _PROPERTIES.get(member) or member[:1].upper() + member[1:]


def api_name(name: str) -> str:
    """Return how the API names a property of CloudFormation."""
    return _MEMBERS.get(name) or name[:1].lower() + name[1:]
