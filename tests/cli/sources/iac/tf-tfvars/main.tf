variable "collector_tag" { default = "v0.49.0" }
variable "names" { default = ["a", "b"] }

resource "aws_ecs_task_definition" "a" {
  family                   = var.names[0]
  network_mode             = "awsvpc"
  requires_compatibilities = ["FARGATE"]
  cpu                      = 512
  memory                   = 1024
  container_definitions = jsonencode([
    { name = "app", image = "nginx:1.27" },
    {
      name      = "adot-collector"
      image     = "public.ecr.aws/aws-observability/aws-otel-collector:${var.collector_tag}" # drift: sidecar.image-pinned
      essential = false
    },
  ])
}
