resource "aws_ecs_task_definition" "files" {
  family                   = "files"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512
  container_definitions = templatefile("${path.module}/containers.json.tftpl", {
    image = "ghcr.io/example/files:1.2.3"
    tag   = "latest"
  })
}
