"""Azure OpenAI's data plane and the part of ARM that deploys its models, on one machine and at any pace."""
