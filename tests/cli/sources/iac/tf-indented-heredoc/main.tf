resource "aws_ecs_task_definition" "worker" {
  family                   = "worker"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512
  execution_role_arn       = "arn:aws:iam::123456789012:role/ecs-execution"
  container_definitions    = <<-JSON
    [
      {
        "name": "worker",
        "image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/worker:2.3.4",
        "environment": [{"name": "OTEL_SERVICE_NAME", "value": "worker"}],
        "logConfiguration": {
          "logDriver": "awslogs",
          "options": {
            "awslogs-group": "/ecs/worker",
            "awslogs-region": "eu-west-1",
            "awslogs-stream-prefix": "ecs"
          }
        }
      },
      {
        "name": "otel",
        "image": "public.ecr.aws/aws-observability/aws-otel-collector:v0.40",
        "essential": false,
        "command": ["--config=env:AOT_CONFIG_CONTENT"],
        "secrets": [{"name": "AOT_CONFIG_CONTENT", "valueFrom": "/fargate/otel-collector-config"}]
      }
    ]
  JSON
}
