{
  collector:: {
    name: 'adot',
    image: 'public.ecr.aws/aws-observability/aws-otel-collector:latest',
  },
}
