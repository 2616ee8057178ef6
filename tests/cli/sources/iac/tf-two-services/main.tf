resource "aws_ecs_task_definition" "edge" {
  family                   = "edge"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 512
  memory                   = 1024
  container_definitions    = jsonencode([{ name = "edge", image = "envoyproxy/envoy:v1.30.1" }])
}

resource "aws_ecs_service" "blue" {
  name             = "blue"
  cluster          = aws_ecs_cluster.main.id
  task_definition  = "${aws_ecs_task_definition.edge.family}:${aws_ecs_task_definition.edge.revision}"
  platform_version = "1.3.0"
  capacity_provider_strategy {
    capacity_provider = "FARGATE_SPOT"
    weight            = 1
  }
}

resource "aws_ecs_service" "green" {
  name             = "green"
  cluster          = aws_ecs_cluster.main.id
  task_definition  = aws_ecs_task_definition.edge.arn
  launch_type      = "FARGATE"
  platform_version = "1.3.0"
  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }
}

resource "aws_ecs_cluster" "main" {
  name = "main"
}
