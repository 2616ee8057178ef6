resource "aws_ecs_task_definition" "each" {
  for_each                 = toset(["a", "b"])
  family                   = "each-${each.key}"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 512
  memory                   = 1024
  container_definitions = jsonencode([
    merge({ name = each.value, image = "nginx:1.27" }, { environment = [] }),
    { name = "adot-collector", image = "public.ecr.aws/aws-observability/aws-otel-collector:latest", essential = false }, # drift: sidecar.image-pinned
  ])
  volume {
    name = "data"
    efs_volume_configuration {
      file_system_id     = "fs-12345678"
      transit_encryption = "ENABLED"
    }
  }
  tags = { "team" = "shop", Stage = each.key }
}
