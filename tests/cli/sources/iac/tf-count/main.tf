# An older module: count, string functions and ternaries.
resource "aws_ecs_task_definition" "this" {
  count                    = var.create ? 1 : 0
  family                   = lower(replace("${var.project}_${var.name}", "_", "-"))
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = "1024"
  memory                   = "2048"
  execution_role_arn       = element(aws_iam_role.execution.*.arn, 0)
  task_role_arn            = join("", aws_iam_role.task[*].arn)
  container_definitions = jsonencode([
    {
      name  = var.name
      image = "${var.image}:${var.image_tag}"
      secrets = [
        for s in var.secrets : {
          name      = s.name
          valueFrom = s.arn
        }
      ]
      readonlyRootFilesystem = !var.writable
    },
    {
      name                   = "collector"
      image                  = "${var.collector_image}"
      readonlyRootFilesystem = true
      essential              = false
    }
  ])
  tags = merge(var.tags, { Name = var.name })
}

resource "aws_iam_role" "execution" {
  count              = 1
  name               = "execution"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [] })
}

variable "create" { default = true }
variable "project" { default = "Shop" }
variable "name" { default = "cart" }
variable "image" {}
variable "image_tag" { default = "latest" }
variable "secrets" { default = [] }
variable "writable" { default = false }
variable "collector_image" {}
variable "tags" { default = {} }
