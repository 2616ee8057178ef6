resource "aws_ecs_task_definition" "api" {
  family                   = "api"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = "512"
  memory                   = "1024"
  execution_role_arn       = var.execution_role_arn
  task_role_arn            = var.task_role_arn

  container_definitions = <<EOF
[
  {
    "name": "api",
    "image": "${var.repository}:${var.tag}",
    "essential": true,
    "cpu": ${var.container_cpu},
    "portMappings": [{"containerPort": 8080}],
    "environment": [
      {"name": "OTEL_SERVICE_NAME", "value": "api"}
    ]
  },
  {
    "name": "aws-otel-collector",
    "image": "public.ecr.aws/aws-observability/aws-otel-collector:latest",
    "essential": true,
    "secrets": [
      {"name": "AOT_CONFIG_CONTENT", "valueFrom": "/fargate/otel-collector-config"}
    ]
  }
]
EOF
}

variable "execution_role_arn" {}
variable "task_role_arn" {}
variable "repository" { type = string }
variable "tag" { default = "1.0.0" }
variable "container_cpu" { type = number }
