"""SSM parameters, secrets, S3 objects, log groups and CloudFormation stacks: what is mostly read."""

import io
from dataclasses import dataclass, field

from tests.aws_fake.clock import Clock
from tests.aws_fake.service import Json, Refused, Service, page, supports

_NAMES = 10  # that GetParameters takes
_PAGE = 50


@dataclass
class Ssm(Service):
    """Parameters by name."""

    clock: Clock
    account: str
    region: str
    parameters: dict[str, Json] = field(default_factory=dict)

    def put(self, name: str, value: str) -> None:
        """As somebody does by PutParameter."""
        self.put_parameter({"Name": name, "Value": value, "Type": "String", "Overwrite": True})

    @supports("Name", "Value", "Type", "Overwrite", "KeyId", "Tier", "Description", "AllowedPattern")
    def put_parameter(self, given: Json) -> Json:
        name, held = given["Name"], self.parameters.get(given["Name"])
        if held and not given.get("Overwrite"):
            raise Refused("ParameterAlreadyExists", "The parameter already exists.")
        kind = given.get("Type") or (held or {}).get("Type")
        if kind is None:
            raise Refused("ValidationException", "A parameter type is required when you create a parameter.")
        key = {"KeyId": given.get("KeyId", "alias/aws/ssm")} if kind == "SecureString" else {}
        version = held["Version"] + 1 if held else 1
        self.parameters[name] = {
            "Name": name,
            "Type": kind,
            "Value": given["Value"],
            "Version": version,
            "LastModifiedDate": self.clock.now(),
            "ARN": f"arn:aws:ssm:{self.region}:{self.account}:parameter/{name.removeprefix('/')}",
            "DataType": "text",
        } | key
        return {"Version": version, "Tier": given.get("Tier", "Standard")}

    @supports("Name", "WithDecryption")
    def get_parameter(self, given: Json) -> Json:
        found = self._read(given["Name"], given)
        if found is None:
            raise Refused("ParameterNotFound", "")
        return {"Parameter": found}

    @supports("Names", "WithDecryption")
    def get_parameters(self, given: Json) -> Json:
        if len(given["Names"]) > _NAMES:
            raise Refused("ValidationException", "Member must have length less than or equal to 10")
        found = {name: self._read(name, given) for name in given["Names"]}
        return {
            "Parameters": [each for each in found.values() if each is not None],
            "InvalidParameters": [name for name, each in found.items() if each is None],
        }

    def _read(self, name: str, given: Json) -> Json | None:
        """By name or ARN."""
        held = self.parameters.get(name) or next((p for p in self.parameters.values() if p["ARN"] == name), None)
        if held is None:
            return None
        shown = {key: value for key, value in held.items() if key != "KeyId"}
        hidden = held["Type"] == "SecureString" and not given.get("WithDecryption")
        return shown | ({"Value": f"encrypted:{held['Version']}"} if hidden else {})

    @supports("ParameterFilters", "MaxResults", "NextToken")
    def describe_parameters(self, given: Json) -> Json:
        every = list(self.parameters.values())
        for each in given.get("ParameterFilters", []):
            if (each["Key"], each.get("Option", "Equals")) != ("Name", "Equals"):
                raise Refused("InvalidFilterKey", "The fake AWS filters parameters by their names alone.")
            every = [held for held in every if held["Name"] in each["Values"]]
        shown = [{key: value for key, value in held.items() if key != "Value"} for held in every]
        found, token = page(shown, given, "NextToken", "MaxResults", _PAGE)
        return {"Parameters": found} | ({"NextToken": token} if token else {})

    @supports("Name")
    def delete_parameter(self, given: Json) -> Json:
        if self.parameters.pop(given["Name"], None) is None:
            raise Refused("ParameterNotFound", "")
        return {}


@dataclass
class Secrets(Service):
    """Secrets by name."""

    account: str
    region: str
    secrets: dict[str, str] = field(default_factory=dict)

    @supports("Name", "SecretString", "ClientRequestToken")
    def create_secret(self, given: Json) -> Json:
        if given["Name"] in self.secrets:
            raise Refused("ResourceExistsException", "A resource with the ID you requested already exists.")
        self.secrets[given["Name"]] = given["SecretString"]
        return self._named(given["Name"])

    @supports("SecretId", "SecretString", "ClientRequestToken")
    def put_secret_value(self, given: Json) -> Json:
        self._held(given["SecretId"])
        self.secrets[given["SecretId"]] = given["SecretString"]
        return self._named(given["SecretId"])

    @supports("SecretId")
    def get_secret_value(self, given: Json) -> Json:
        return self._named(given["SecretId"]) | {"SecretString": self._held(given["SecretId"])}

    @supports("SecretId")
    def describe_secret(self, given: Json) -> Json:
        self._held(given["SecretId"])
        return self._named(given["SecretId"])

    def _held(self, name: str) -> str:
        if name not in self.secrets:
            raise Refused("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
        return self.secrets[name]

    def _named(self, name: str) -> Json:
        return {"ARN": f"arn:aws:secretsmanager:{self.region}:{self.account}:secret:{name}-AbCdEf", "Name": name}


@dataclass
class S3(Service):
    """Objects by bucket and key."""

    buckets: dict[str, dict[str, bytes]] = field(default_factory=dict)

    @supports("Bucket", "CreateBucketConfiguration")
    def create_bucket(self, given: Json) -> Json:
        self.buckets[given["Bucket"]] = {}
        return {"Location": f"/{given['Bucket']}"}

    @supports("Bucket", "Key", "Body", "ContentType")
    def put_object(self, given: Json) -> Json:
        body = given["Body"]
        self._bucket(given)[given["Key"]] = body.encode() if isinstance(body, str) else bytes(body)
        return {}

    @supports("Bucket", "Key")
    def get_object(self, given: Json) -> Json:
        bucket = self._bucket(given)
        if given["Key"] not in bucket:
            raise Refused("NoSuchKey", "The specified key does not exist.", 404)
        return {"Body": io.BytesIO(bucket[given["Key"]]), "ContentLength": len(bucket[given["Key"]])}

    def _bucket(self, given: Json) -> dict[str, bytes]:
        if given["Bucket"] not in self.buckets:
            raise Refused("NoSuchBucket", "The specified bucket does not exist", 404)
        return self.buckets[given["Bucket"]]


@dataclass
class Organizations(Service):
    """The accounts of the organisation, as its delegated administrator sees them, in pages of 20."""

    accounts: dict[str, str] = field(default_factory=dict)
    """By id, the status."""
    units: dict[str, str] = field(default_factory=lambda: {"r-ab12": ""})
    """By id, the unit above it."""
    unit_of: dict[str, str] = field(default_factory=dict)
    """By account, its unit; the root by default."""
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    """By account."""

    @supports("NextToken", "MaxResults")
    def list_accounts(self, given: Json) -> Json:
        return self._accounts(list(self.accounts), given)

    def _accounts(self, ids: list[str], given: Json) -> Json:
        found, token = page(ids, given, "NextToken", "MaxResults", 20)
        accounts = [{"Id": id_, "Status": self.accounts[id_]} for id_ in found]
        return {"Accounts": accounts} | ({"NextToken": token} if token else {})

    @supports("NextToken", "MaxResults")
    def list_roots(self, _: Json) -> Json:
        return {"Roots": [{"Id": unit} for unit, above in self.units.items() if not above]}

    @supports("ParentId", "NextToken", "MaxResults")
    def list_organizational_units_for_parent(self, given: Json) -> Json:
        below = [unit for unit, above in self.units.items() if above == given["ParentId"]]
        found, token = page(below, given, "NextToken", "MaxResults", 20)
        return {"OrganizationalUnits": [{"Id": unit} for unit in found]} | ({"NextToken": token} if token else {})

    @supports("ParentId", "NextToken", "MaxResults")
    def list_accounts_for_parent(self, given: Json) -> Json:
        ids = [id_ for id_ in self.accounts if self.unit_of.get(id_, "r-ab12") == given["ParentId"]]
        return self._accounts(ids, given)

    @supports("ResourceId", "NextToken")
    def list_tags_for_resource(self, given: Json) -> Json:
        return {"Tags": [{"Key": key, "Value": value} for key, value in self.tags.get(given["ResourceId"], {}).items()]}


@dataclass
class StepFunctions(Service):
    """Executions by name, with their input."""

    executions: dict[str, str] = field(default_factory=dict)

    @supports("stateMachineArn", "input")
    def start_execution(self, given: Json) -> Json:
        name = f"execution-{len(self.executions) + 1}"
        self.executions[name] = given["input"]
        arn = given["stateMachineArn"].replace(":stateMachine:", ":execution:")
        return {"executionArn": f"{arn}:{name}", "startDate": 0}


@dataclass
class Logs(Service):
    """Log groups by name."""

    groups: dict[str, None] = field(default_factory=dict)

    @supports("logGroupName")
    def create_log_group(self, given: Json) -> Json:
        if given["logGroupName"] in self.groups:
            raise Refused("ResourceAlreadyExistsException", "The specified log group already exists")
        self.groups[given["logGroupName"]] = None
        return {}

    @supports("logGroupName")
    def delete_log_group(self, given: Json) -> Json:
        if given["logGroupName"] not in self.groups:
            raise Refused("ResourceNotFoundException", "The specified log group does not exist.")
        del self.groups[given["logGroupName"]]
        return {}

    @supports("logGroupNamePrefix", "limit", "nextToken")
    def describe_log_groups(self, given: Json) -> Json:
        names = [name for name in sorted(self.groups) if name.startswith(given.get("logGroupNamePrefix", ""))]
        found, token = page(names, given, "nextToken", "limit", _PAGE)
        return {"logGroups": [{"logGroupName": name} for name in found]} | ({"nextToken": token} if token else {})


@dataclass
class CloudFormation(Service):
    """Stacks by name, as DescribeStacks shows them; and their resources, as ListStackResources does."""

    stacks: dict[str, Json] = field(default_factory=dict)
    resources: dict[str, list[Json]] = field(default_factory=dict)

    @supports("StackName")
    def describe_stacks(self, given: Json) -> Json:
        if given["StackName"] not in self.stacks:
            raise Refused("ValidationError", f"Stack with id {given['StackName']} does not exist")
        return {"Stacks": [self.stacks[given["StackName"]]]}

    @supports("StackName", "NextToken")
    def list_stack_resources(self, given: Json) -> Json:
        found, token = page(self.resources.get(given["StackName"], []), given, "NextToken", "MaxResults", 20)
        return {"StackResourceSummaries": found} | ({"NextToken": token} if token else {})
