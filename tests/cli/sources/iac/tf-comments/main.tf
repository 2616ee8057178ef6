/* A task with comments
   everywhere. */
resource "aws_ecs_task_definition" "commented" { // here
  family                   = "commented" # and here
  requires_compatibilities = [
    "FARGATE", # the only one
  ]
  network_mode = "awsvpc"
  cpu          = 512 /* units */
  memory       = 1024
  container_definitions = jsonencode([
    # The application.
    {
      "name" : "app", # JSON's colons
      "image" : "nginx:1.27",
      "environment" : [
        { "name" : "OTEL_SERVICE_NAME", "value" : "app" } // one
      ],
    },
    // The collector.
    {
      "name" : "adot-collector"
      "image" : "public.ecr.aws/aws-observability/aws-otel-collector:latest" # drift: sidecar.image-pinned
      "essential" : true # drift: sidecar.not-essential
    }
  ])
}
