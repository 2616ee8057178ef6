resource "aws_iam_role" "execution" {
  name = "${var.name}-execution"
  assume_role_policy = <<POLICY
{
  "Version": "2012-10-17",
  "Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}]
}
POLICY
}

resource "aws_iam_role_policy" "execution" {
  role = aws_iam_role.execution.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["ssm:GetParameters"]
      Resource = aws_ssm_parameter.config.arn
    }]
  })
}

resource "aws_ssm_parameter" "config" {
  name  = "/fargate/otel-collector-config"
  type  = "String"
  value = yamlencode({
    receivers = { otlp = { protocols = { grpc = { endpoint = "0.0.0.0:4317" } } } }
    exporters = { awsxray = {} }
    service   = { pipelines = { traces = { receivers = ["otlp"], exporters = ["awsxray"] } } }
  })
}
