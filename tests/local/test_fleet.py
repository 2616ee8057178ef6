"""The sample fleet can be put on the local cloud as it is."""

import json

from local import fleet
from local.cloud import Cloud


def test_the_fleet_registers_and_runs(cloud: Cloud) -> None:
    fleet.create_dependencies(cloud.client)
    arns = {sample.family: fleet.register(cloud.client, sample) for sample in fleet.samples()}
    assert len(arns) == len(fleet.samples())
    for service in fleet.SERVICES:
        arn = fleet.start(cloud.client, service)
        (shown,) = cloud.client("ecs").describe_services(cluster=fleet.CLUSTER, services=[arn])["services"]
        assert (shown["platformVersion"], shown["runningCount"]) == (service.platform_version, service.desired)


def test_the_configuration_fits_a_standard_parameter() -> None:
    assert len(fleet.COLLECTOR_CONFIG.encode()) <= 4096


def test_the_canary_is_in_environment_values_and_nowhere_else() -> None:
    text = json.dumps([sample.definition for sample in fleet.samples()])
    values = [
        variable["value"]
        for sample in fleet.samples()
        for container in sample.definition["containerDefinitions"]
        for variable in container.get("environment", ())
    ]
    assert values.count(fleet.CANARY) == text.count(fleet.CANARY) == 2
