resource "aws_ecs_task_definition" "old" {
  family                   = "old"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = "512"
  memory                   = "1024"
  container_definitions = "[{\"name\": \"old\", \"image\": \"registry.example/old:${var.tag}\"}, {\"name\": \"adot\", \"essential\": true, \"image\": \"public.ecr.aws/aws-observability/aws-otel-collector:latest\"}]" # drift: sidecar.image-pinned sidecar.not-essential
}

resource "aws_ecs_task_definition" "interpolated" {
  family                   = "${var.tag == "" ? "one" : "interpolated"}"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = "512"
  memory                   = "1024"
  container_definitions = "${jsonencode([
    { name = "old", image = "registry.example/old:1" },
    {
      name      = "adot"
      essential = true # drift: sidecar.not-essential
      image     = "public.ecr.aws/aws-observability/aws-otel-collector:latest" # drift: sidecar.image-pinned
    },
  ])}"
}

variable "tag" { default = "7" }
