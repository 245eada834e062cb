"""tunedrop: from a dropped dataset to a deployed, verified Azure OpenAI model."""
