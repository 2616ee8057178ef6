"""ECS documents as typed views, and facts about Fargate."""
