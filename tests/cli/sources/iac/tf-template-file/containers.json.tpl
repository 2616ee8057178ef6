[
  {"name": "api", "image": "${image}", "cpu": ${cpu}},
  {
    "name": "aws-otel-collector",
    "image": "public.ecr.aws/aws-observability/aws-otel-collector:v0.35.0",
    "essential": true,
    "command": ["--config=/etc/ecs/ecs-cloudwatch.yaml"],
    "logConfiguration": {
      "logDriver": "awslogs",
      "options": {"awslogs-group": "/ecs/api", "awslogs-region": "${region}", "awslogs-stream-prefix": "otel"}
    }
  }
]
