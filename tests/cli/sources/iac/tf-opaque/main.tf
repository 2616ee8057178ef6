# Containers that only another module knows, next to some that are known.
resource "aws_ecs_task_definition" "opaque" {
  family                   = "opaque"
  requires_compatibilities = ["FARGATE"]
  cpu                      = 256
  memory                   = 512
  container_definitions    = module.containers.json
}

resource "aws_ecs_task_definition" "known" {
  family                   = "known"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 512
  memory                   = 1024
  container_definitions    = jsonencode([{ name = "known", image = "nginx:1.27" }])
}
