locals {
  region = "eu-west-1"
  log = {
    logDriver = "awslogs"
    options = {
      awslogs-group         = "/ecs/shop"
      awslogs-region        = local.region
      awslogs-stream-prefix = "ecs"
    }
  }
  app = {
    name             = "shop"
    image            = "ghcr.io/example/shop:5.0.1"
    cpu              = 128
    logConfiguration = local.log
    environment = [
      { name = "OTEL_SERVICE_NAME", value = "shop" },
    ]
  }
  collector = {
    name             = "adot-collector"
    image            = "public.ecr.aws/aws-observability/aws-otel-collector" # drift: sidecar.image-pinned
    cpu              = 128
    essential        = true # drift: sidecar.not-essential
    logConfiguration = local.log
    secrets          = [{ name = "AOT_CONFIG_CONTENT", valueFrom = "/fargate/otel-collector-config" }]
  }
}

resource "aws_ecs_task_definition" "shop" {
  family                   = "shop"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 512
  memory                   = 1024
  execution_role_arn       = "arn:aws:iam::123456789012:role/shop-execution"
  task_role_arn            = "arn:aws:iam::123456789012:role/shop-task"
  container_definitions    = jsonencode([local.app, local.collector])
}
