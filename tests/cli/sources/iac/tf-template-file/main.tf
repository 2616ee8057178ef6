data "template_file" "containers" {
  template = file("${path.module}/containers.json.tpl")
  vars = {
    image  = "ghcr.io/example/api:${var.tag}"
    cpu    = var.cpu
    region = var.region
  }
}

resource "aws_ecs_task_definition" "api" {
  family                   = "api"
  network_mode             = "awsvpc"
  requires_compatibilities = ["FARGATE"]
  cpu                      = "1024"
  memory                   = "2048"
  execution_role_arn       = aws_iam_role.execution.arn
  container_definitions    = data.template_file.containers.rendered # drift: sidecar.not-essential
}

variable "tag" {}
variable "cpu" { default = 256 }
variable "region" {}
