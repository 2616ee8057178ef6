terraform {
  required_version = ">= 1.5"
}

variable "image_tag" {
  type = string
}

variable "cpu" {
  default = 512
}

locals {
  name = "web"
  tags = { team = "shop" }
}

data "aws_region" "current" {}
data "aws_caller_identity" "current" {}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "execution" {
  name               = "${local.name}-execution"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy_attachment" "execution" {
  role       = aws_iam_role.execution.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
}

resource "aws_iam_role" "task" {
  name_prefix        = "task"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_cloudwatch_log_group" "web" {
  name = "/ecs/${local.name}"
}

resource "aws_ssm_parameter" "otel" {
  name  = "/fargate/otel-collector-config"
  type  = "String"
  value = <<-EOT
    receivers:
      otlp:
        protocols:
          grpc:
            endpoint: 0.0.0.0:4317
    exporters:
      awsxray:
        regoin: ${data.aws_region.current.name} # drift: config.options
    service:
      pipelines:
        traces:
          receivers: [otlp]
          exporters: [awsxray]
  EOT
}

resource "aws_ecs_task_definition" "web" {
  family                   = local.name
  cpu                      = var.cpu
  memory                   = 1024
  network_mode             = "awsvpc"
  requires_compatibilities = ["FARGATE"]
  execution_role_arn       = aws_iam_role.execution.arn # drift: identity.execution-role
  task_role_arn            = aws_iam_role.task.arn

  container_definitions = jsonencode([
    {
      name  = "app" # ours
      image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/web:${var.image_tag}"
      environment = [
        { name = "OTEL_SERVICE_NAME", value = "web" },
        { name = "OTEL_EXPORTER_OTLP_ENDPOINT", value = "http://otel.example.com:4317" }, # drift: application.no-remote-collector
      ]
      logConfiguration = {
        logDriver = "awslogs"
        options = {
          "awslogs-group"         = aws_cloudwatch_log_group.web.name
          "awslogs-region"        = data.aws_region.current.name
          "awslogs-stream-prefix" = "web"
        }
      }
    },
    {
      name    = "adot-collector"
      image   = "public.ecr.aws/aws-observability/aws-otel-collector:v0.49.0"
      command = ["--config=env:AOT_CONFIG_CONTENT"]
      essential = true # drift: sidecar.not-essential
      secrets = [
        { name = "AOT_CONFIG_CONTENT", valueFrom = aws_ssm_parameter.otel.arn }
      ]
    }
  ])

  tags = local.tags
}

resource "aws_ecs_service" "web" {
  name             = "web"
  cluster          = "main"
  launch_type      = "FARGATE"
  platform_version = "1.3.0" # drift: service.platform-version
  task_definition  = aws_ecs_task_definition.web.arn
}
