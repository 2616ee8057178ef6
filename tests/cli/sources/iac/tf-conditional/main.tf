variable "observability" { type = bool }
variable "debug" { default = false }

locals {
  app = { name = "app", image = "nginx:1.27", cpu = 256 }
  otel = {
    name      = "adot-collector"
    image     = "public.ecr.aws/aws-observability/aws-otel-collector:v0.49.0"
    essential = false
  }
}

resource "aws_ecs_task_definition" "maybe" {
  family                   = "maybe"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.debug ? 1024 : 512
  memory                   = 1024
  container_definitions    = jsonencode(var.observability ? [local.app, local.otel] : [local.app])
}
