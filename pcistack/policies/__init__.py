"""The policies of a template: statements, and what they let whom do."""
