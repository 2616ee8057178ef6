"""What is played on moto and on the fake AWS: small scripts of calls, whose answers and errors are compared."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.aws_fake.dynamodb_scripts import one_item, queries_and_scans, transactions
from tests.aws_fake.scripting import Client, Json, Script, tried

TRUST = json.dumps({"Version": "2012-10-17", "Statement": [{
    "Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole",
}]})  # fmt: skip
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})


def a_standard_queue(aws: Client) -> Iterator[Any]:
    sqs = aws("sqs")
    url = sqs.create_queue(QueueName="changes", Attributes={"VisibilityTimeout": "60"})["QueueUrl"]
    yield url
    yield tried(sqs.get_queue_url, QueueName="none")
    yield tried(sqs.send_message, QueueUrl=url, MessageBody="one")
    yield tried(sqs.send_message, QueueUrl=url, MessageBody="late", DelaySeconds=901)
    entries = [{"Id": str(number), "MessageBody": f"body {number}"} for number in range(10)]
    yield tried(sqs.send_message_batch, QueueUrl=url, Entries=entries)
    yield tried(sqs.send_message_batch, QueueUrl=url, Entries=[*entries, {"Id": "11", "MessageBody": "x"}])
    yield tried(sqs.send_message_batch, QueueUrl=url, Entries=[entries[0], entries[0]])
    yield _counts(sqs, url)
    some = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=3, AttributeNames=["ApproximateReceiveCount"])[
        "Messages"
    ]
    yield [(each["Body"], each["Attributes"], each["MD5OfBody"]) for each in some]
    yield _counts(sqs, url)
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=some[0]["ReceiptHandle"], VisibilityTimeout=0)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=some[1]["ReceiptHandle"])
    yield _counts(sqs, url)
    again = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"])["Messages"]
    yield sorted((each["Body"], each["Attributes"]["ApproximateReceiveCount"]) for each in again)
    gone = [{"Id": str(number), "ReceiptHandle": each["ReceiptHandle"]} for number, each in enumerate(again)]
    yield tried(sqs.delete_message_batch, QueueUrl=url, Entries=gone)
    yield _counts(sqs, url)
    sqs.purge_queue(QueueUrl=url)
    yield _counts(sqs, url)


def _counts(sqs: Any, url: str) -> Json:
    names = [f"ApproximateNumberOfMessages{state}" for state in ("", "NotVisible", "Delayed")]
    found: Json = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return found


def a_fifo_queue(aws: Client) -> Iterator[Any]:
    sqs = aws("sqs")
    attributes = {"FifoQueue": "true"}
    yield tried(sqs.create_queue, QueueName="subjects", Attributes=attributes)
    url = sqs.create_queue(QueueName="subjects.fifo", Attributes=attributes)["QueueUrl"]
    for body, group in (("1", "a"), ("2", "a"), ("3", "b"), ("1", "a")):
        yield tried(sqs.send_message, QueueUrl=url, MessageBody=body, MessageGroupId=group, MessageDeduplicationId=body)
    yield tried(sqs.send_message, QueueUrl=url, MessageBody="x")
    yield tried(sqs.send_message, QueueUrl=url, MessageBody="x", MessageGroupId="a")

    def receive(most: int) -> list[Json]:
        found: list[Json] = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=most, AttributeNames=["MessageGroupId", "MessageDeduplicationId"]
        ).get("Messages", [])
        return found

    first = receive(1)
    yield [(each["Body"], each["Attributes"]) for each in first]
    other = receive(10)
    yield [each["Body"] for each in other]
    yield receive(10)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=first[0]["ReceiptHandle"])
    yield [each["Body"] for each in receive(10)]


def a_dead_letter_queue(aws: Client) -> Iterator[Any]:
    sqs = aws("sqs")
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    yield arn
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 2})
    url = sqs.create_queue(QueueName="work", Attributes={"RedrivePolicy": redrive, "VisibilityTimeout": "0"})[
        "QueueUrl"
    ]
    sqs.send_message(QueueUrl=url, MessageBody="poison")
    for _ in range(3):
        yield [each["Body"] for each in sqs.receive_message(QueueUrl=url).get("Messages", [])]
    yield [each["Body"] for each in sqs.receive_message(QueueUrl=dead).get("Messages", [])]


def topics(aws: Client) -> Iterator[Any]:
    sns, sqs = aws("sns"), aws("sqs")
    topic = sns.create_topic(Name="alerts")["TopicArn"]
    yield topic
    urls = []
    for name, raw in (("raw", "true"), ("wrapped", "false")):
        urls.append(sqs.create_queue(QueueName=name)["QueueUrl"])
        arn = sqs.get_queue_attributes(QueueUrl=urls[-1], AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": raw})
    severity = {"severity": {"DataType": "String", "StringValue": "HIGH"}}
    yield tried(sns.publish, TopicArn=topic, Message='{"a": 1}', Subject="A subject", MessageAttributes=severity)
    yield tried(sns.publish, TopicArn=topic, Message="x", Subject="y" * 101)
    yield tried(sns.publish, TopicArn=topic, Message="x" * 300_000)
    yield tried(sns.publish, TopicArn=topic.replace("alerts", "none"), Message="x")
    entries = [{"Id": str(number), "Message": f"message {number}"} for number in range(3)]
    yield tried(sns.publish_batch, TopicArn=topic, PublishBatchRequestEntries=entries)
    yield tried(sns.publish_batch, TopicArn=topic, PublishBatchRequestEntries=[entries[0], entries[0]])
    yield tried(sns.publish_batch, TopicArn=topic, PublishBatchRequestEntries=entries * 4)
    raw, wrapped = (sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"] for url in urls)
    yield sorted(each["Body"] for each in raw)
    bodies = sorted((json.loads(each["Body"]) for each in wrapped), key=lambda body: str(body["Message"]))
    yield [{key: body.get(key) for key in ("Type", "TopicArn", "Message", "Subject")} for body in bodies]


def task_definitions(aws: Client) -> Iterator[Any]:
    ecs = aws("ecs")
    document: Json = {
        "family": "web",
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": "256",
        "memory": "512",
        "containerDefinitions": [{"name": "app", "image": "app:1", "environment": [{"name": "A", "value": "1"}]}],
        "tags": [{"key": "team", "value": "shop"}],
    }
    for each in (document, document | {"cpu": "512", "memory": "1024"}, document | {"family": "web-api"}):
        yield tried(ecs.register_task_definition, **each)
    yield tried(ecs.describe_task_definition, taskDefinition="web:1", include=["TAGS"])
    yield tried(ecs.describe_task_definition, taskDefinition="web")
    yield tried(ecs.describe_task_definition, taskDefinition="none")
    yield tried(ecs.describe_task_definition, taskDefinition="web:7")
    yield tried(ecs.list_task_definitions, familyPrefix="web", status="ACTIVE")
    yield tried(ecs.deregister_task_definition, taskDefinition="web:1")
    yield tried(ecs.describe_task_definition, taskDefinition="web:1")["taskDefinition"]["status"]
    yield tried(ecs.list_task_definitions, familyPrefix="web", status="ACTIVE")
    yield tried(ecs.list_task_definitions, status="INACTIVE")
    yield tried(ecs.register_task_definition, **document)["taskDefinition"]["revision"]


def services(aws: Client) -> Iterator[Any]:
    """Without what moto leaves out: its services keep no tags, and its tasks move on whenever they are described."""
    ecs, subnet = aws("ecs"), aws("ec2")
    network = {"awsvpcConfiguration": {"subnets": [subnet], "securityGroups": []}}
    ecs.create_cluster(clusterName="shop")
    for cpu in ("256", "512"):
        ecs.register_task_definition(
            family="web", requiresCompatibilities=["FARGATE"], networkMode="awsvpc", cpu=cpu, memory="1024",
            containerDefinitions=[{"name": "app", "image": "app:1", "memory": 512}],
        )  # fmt: skip
    fargate = {"cluster": "shop", "launchType": "FARGATE", "networkConfiguration": network}
    yield tried(ecs.list_clusters)
    made = tried(ecs.create_service, serviceName="front", desiredCount=0, taskDefinition="web:1", **fargate)
    yield _service(made["service"])
    yield tried(ecs.list_services, cluster="shop")
    yield tried(ecs.list_services, cluster="none")
    yield _service(tried(ecs.describe_services, cluster="shop", services=["front"], include=["TAGS"])["services"][0])
    yield tried(ecs.describe_services, cluster="shop", services=["none"])["failures"][0]["reason"]
    yield tried(ecs.describe_services, cluster="none", services=["front"])
    newest = ecs.describe_task_definition(taskDefinition="web")["taskDefinition"]["taskDefinitionArn"]
    moved = tried(ecs.update_service, cluster="shop", service="front", taskDefinition=newest)["service"]
    yield (_service(moved), moved["deployments"][0]["status"])
    yield tried(ecs.update_service, cluster="shop", service="none", desiredCount=1)
    yield tried(ecs.list_tasks, cluster="shop", serviceName="front")
    yield tried(ecs.list_tasks, cluster="none")
    ran = tried(ecs.run_task, taskDefinition="web:2", count=2, **fargate)
    yield [_task(task) for task in ran["tasks"]]
    arns = tried(ecs.list_tasks, cluster="shop", family="web")["taskArns"]
    yield [_task(task) for task in tried(ecs.describe_tasks, cluster="shop", tasks=arns)["tasks"]]
    ecs.stop_task(cluster="shop", task=arns[0])
    yield len(tried(ecs.list_tasks, cluster="shop", desiredStatus="RUNNING")["taskArns"])
    yield tried(ecs.delete_service, cluster="shop", service="front", force=True)["service"]["serviceName"]
    yield [each["status"] for each in tried(ecs.describe_services, cluster="shop", services=["front"])["services"]]


def _service(service: Mapping[str, Any]) -> Json:
    names = ("serviceArn", "serviceName", "clusterArn", "taskDefinition", "desiredCount", "launchType", "status")
    return {name: service.get(name) for name in names}


def _task(task: Mapping[str, Any]) -> Json:
    return {name: task.get(name) for name in ("clusterArn", "taskDefinitionArn", "desiredStatus", "launchType")}


def roles(aws: Client) -> Iterator[Any]:
    iam = aws("iam")
    yield tried(iam.create_role, RoleName="web", AssumeRolePolicyDocument=TRUST, Tags=[{"Key": "a", "Value": "b"}])
    yield tried(iam.create_role, RoleName="web", AssumeRolePolicyDocument=TRUST)
    yield tried(iam.create_role, RoleName="deep", Path="/teams/shop/", AssumeRolePolicyDocument=TRUST)
    yield tried(iam.get_role, RoleName="none")
    yield tried(iam.put_role_policy, RoleName="web", PolicyName="work", PolicyDocument=POLICY)
    yield tried(iam.get_role_policy, RoleName="web", PolicyName="work")
    yield tried(iam.get_role_policy, RoleName="web", PolicyName="none")
    yield tried(iam.list_role_policies, RoleName="web")
    arn = iam.create_policy(PolicyName="telemetry", PolicyDocument=POLICY)["Policy"]["Arn"]
    yield arn
    yield tried(iam.attach_role_policy, RoleName="web", PolicyArn=arn)
    yield tried(iam.attach_role_policy, RoleName="web", PolicyArn=f"{arn}-none")
    yield tried(iam.list_attached_role_policies, RoleName="web")
    yield tried(iam.put_role_permissions_boundary, RoleName="deep", PermissionsBoundary=arn)
    attached = {"PolicyArn": arn, "EntityFilter": "Role", "PolicyUsageFilter": "PermissionsPolicy"}
    yield [each["RoleName"] for each in iam.list_entities_for_policy(**attached)["PolicyRoles"]]
    yield tried(iam.create_policy_version, PolicyArn=arn, PolicyDocument=POLICY, SetAsDefault=True)["PolicyVersion"][
        "VersionId"
    ]
    yield tried(iam.get_policy, PolicyArn=arn)["Policy"]["DefaultVersionId"]
    yield tried(iam.get_policy_version, PolicyArn=arn, VersionId="v2")["PolicyVersion"]["Document"]
    yield sorted(each["VersionId"] for each in iam.list_policy_versions(PolicyArn=arn)["Versions"])
    yield tried(iam.delete_policy_version, PolicyArn=arn, VersionId="v2")
    yield tried(iam.delete_policy_version, PolicyArn=arn, VersionId="v1")
    yield tried(iam.update_assume_role_policy, RoleName="web", PolicyDocument=TRUST.replace("ecs-tasks", "ec2"))
    yield tried(iam.get_role, RoleName="web")
    yield tried(iam.get_role, RoleName="deep")
    yield tried(iam.delete_role, RoleName="web")
    iam.delete_role_policy(RoleName="web", PolicyName="work")
    yield tried(iam.detach_role_policy, RoleName="web", PolicyArn=arn)
    yield tried(iam.detach_role_policy, RoleName="web", PolicyArn=arn)
    yield tried(iam.delete_role, RoleName="web")
    yield sorted(each["RoleName"] for each in iam.list_roles()["Roles"])


def stores(aws: Client) -> Iterator[Any]:
    ssm, secrets, s3, logs = aws("ssm"), aws("secretsmanager"), aws("s3"), aws("logs")
    for value in ("one", "two"):
        yield tried(ssm.put_parameter, Name="/a/b", Value=value, Type="String", Overwrite=True)["Version"]
    yield tried(ssm.put_parameter, Name="/a/b", Value="three", Type="String")
    ssm.put_parameter(Name="/secure", Value="hidden", Type="SecureString", KeyId="alias/key")
    yield tried(ssm.get_parameter, Name="/a/b", WithDecryption=True)
    yield tried(ssm.get_parameter, Name="/none")
    yield tried(ssm.get_parameters, Names=["/a/b", "/none"], WithDecryption=True)
    yield tried(ssm.get_parameter, Name="/secure", WithDecryption=True)["Parameter"]["Value"]
    yield tried(ssm.get_parameter, Name="/secure")["Parameter"]["Value"] == "hidden"
    filters = [{"Key": "Name", "Option": "Equals", "Values": ["/secure"]}]
    yield [(each["Name"], each["KeyId"]) for each in ssm.describe_parameters(ParameterFilters=filters)["Parameters"]]
    yield tried(ssm.delete_parameter, Name="/a/b")
    yield tried(ssm.delete_parameter, Name="/a/b")
    secrets.create_secret(Name="bot", SecretString="first")
    yield tried(secrets.create_secret, Name="bot", SecretString="first")
    secrets.put_secret_value(SecretId="bot", SecretString="second")
    yield tried(secrets.get_secret_value, SecretId="bot")["SecretString"]
    yield tried(secrets.get_secret_value, SecretId="none")
    s3.create_bucket(Bucket="standards", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="standards", Key="a/b.yaml", Body="version: 1 # ü".encode())
    yield s3.get_object(Bucket="standards", Key="a/b.yaml")["Body"].read()
    yield tried(s3.get_object, Bucket="standards", Key="none")
    yield tried(s3.get_object, Bucket="none", Key="none")
    for name in ("/ecs/web", "/ecs/web-api", "/ecs/cron"):
        logs.create_log_group(logGroupName=name)
    yield tried(logs.create_log_group, logGroupName="/ecs/web")
    yield [each["logGroupName"] for each in logs.describe_log_groups(logGroupNamePrefix="/ecs/web")["logGroups"]]
    yield tried(logs.delete_log_group, logGroupName="/ecs/none")
    yield tried(aws("sts").get_caller_identity)["Account"]


SCRIPTS: Mapping[str, Script] = {
    "one item": one_item,
    "transactions": transactions,
    "queries and scans": queries_and_scans,
    "a standard queue": a_standard_queue,
    "a FIFO queue": a_fifo_queue,
    "a dead-letter queue": a_dead_letter_queue,
    "topics": topics,
    "task definitions": task_definitions,
    "services": services,
    "roles": roles,
    "stores": stores,
}
