"""What the account holds: files, jobs and deployments with their rules, and not a word of HTTP."""
