"""Is it a template that CloudFormation takes, and was all of it judged."""
