"""Will a template deploy and start: rules."""
