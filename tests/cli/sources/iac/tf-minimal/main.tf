resource "aws_ecs_task_definition" "minimal" {
  family                = "minimal"
  requires_compatibilities = ["FARGATE"]
  container_definitions = "[{\"name\": \"minimal\", \"image\": \"nginx:1.27\"}]"
}
