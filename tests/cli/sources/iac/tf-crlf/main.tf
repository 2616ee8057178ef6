resource "aws_ecs_task_definition" "crlf" {
  family = "crlf"
  requires_compatibilities = ["FARGATE"]
  cpu = 512
  memory = 1024
  network_mode = "awsvpc"
  container_definitions = jsonencode([
    {
      name = "app"
      image = "nginx:1.27"
    },
    {
      name = "adot-collector"
      image = "public.ecr.aws/aws-observability/aws-otel-collector:latest"
      essential = false
    }
  ])
}
