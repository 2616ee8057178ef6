"""ECS documents as typed views, and what is known of Fargate."""
