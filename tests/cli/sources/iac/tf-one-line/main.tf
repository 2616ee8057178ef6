resource "aws_ecs_task_definition" "one" {
  family = "one"
  requires_compatibilities = ["FARGATE"]
  network_mode = "awsvpc"
  cpu = 512
  memory = 1024
  container_definitions = jsonencode([{ name = "one", image = "nginx:1.27" }, { name = "adot-collector", image = "public.ecr.aws/aws-observability/aws-otel-collector:latest", essential = false }]) # drift: sidecar.image-pinned
}
