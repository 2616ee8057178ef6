data "aws_ecr_repository" "web" { name = "web" }
data "aws_ssm_parameter" "config" { name = "/fargate/otel-collector-config" }
data "aws_iam_role" "execution" { name = "ecsTaskExecutionRole" }

resource "aws_ecs_task_definition" "web" {
  family                   = "web"
  network_mode             = "awsvpc"
  requires_compatibilities = ["FARGATE"]
  cpu                      = 512
  memory                   = 1024
  execution_role_arn       = data.aws_iam_role.execution.arn
  task_role_arn            = module.role.iam_role_arn
  container_definitions = jsonencode([
    { name = "web", image = "${data.aws_ecr_repository.web.repository_url}:1.0.0" },
    {
      name      = "adot-collector"
      image     = "public.ecr.aws/aws-observability/aws-otel-collector:latest" # drift: sidecar.image-pinned
      essential = false
      secrets   = [{ name = "AOT_CONFIG_CONTENT", valueFrom = data.aws_ssm_parameter.config.arn }]
    },
  ])
}
