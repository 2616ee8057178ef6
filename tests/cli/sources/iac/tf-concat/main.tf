locals {
  sidecars = [
    {
      name      = "adot-collector"
      image     = "public.ecr.aws/aws-observability/aws-otel-collector:latest" # drift: sidecar.image-pinned
      essential = false
      cpu       = 256
    },
  ]
}

resource "aws_ecs_task_definition" "billing" {
  family                   = "billing-${var.stage}"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.stage == "prod" ? 2048 : 512
  memory                   = var.stage == "prod" ? 4096 : 1024
  execution_role_arn       = data.aws_iam_role.execution.arn

  container_definitions = jsonencode(concat([{
    name        = "billing"
    image       = format("%s/billing:%s", var.registry, "3.1.0")
    environment = [for k, v in var.environment : { name = k, value = v }]
  }], local.sidecars))

  dynamic "volume" {
    for_each = var.volumes
    content { name = volume.value }
  }

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = "ARM64"
  }
}

variable "stage" {}
variable "registry" { default = "ghcr.io/example" }
variable "environment" { type = map(string) }
variable "volumes" { default = [] }
data "aws_iam_role" "execution" { name = "ecs-execution" }
