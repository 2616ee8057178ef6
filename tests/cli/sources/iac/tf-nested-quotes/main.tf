resource "aws_ecs_task_definition" "q" {
  family                   = "q-${lookup({ "a" = "b" }, "a", "c")}"
  network_mode             = "awsvpc"
  requires_compatibilities = ["FARGATE"]
  cpu                      = tonumber("512")
  memory                   = 512 * 2
  container_definitions = jsonencode([
    {
      name        = "q"
      image       = "nginx:1.27"
      command     = ["sh", "-c", "echo \"$${HOME}\" && echo '}' # no comment"]
      environment = [{ name = "URL", value = "http://${join(".", ["a", "b"])}/${upper("x")}" }]
    },
    { name = "adot-collector", image = "public.ecr.aws/aws-observability/aws-otel-collector:latest", essential = false } # drift: sidecar.image-pinned
  ])
}
