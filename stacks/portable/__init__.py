"""Templates for those who deploy templates, not apps."""
