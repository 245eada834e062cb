"""What Azure does, on one machine: the Functions host, Azure OpenAI with its control plane, and storage."""
