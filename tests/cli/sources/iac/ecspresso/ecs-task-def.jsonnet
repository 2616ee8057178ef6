local must_env = std.native('must_env');
local libs = import 'libs.libsonnet';
{
  family: 'jobs-' + std.extVar('stage'),
  requiresCompatibilities: ['FARGATE'],
  networkMode: 'awsvpc',
  cpu: '512',
  memory: '1024',
  containerDefinitions: [
    { name: 'jobs', image: 'registry.example/jobs:' + must_env('TAG') },
    libs.collector { essential: true }, // drift: sidecar.not-essential
  ],
}
