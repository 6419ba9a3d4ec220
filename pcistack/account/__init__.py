"""What only AWS can answer, asked with read-only credentials."""
