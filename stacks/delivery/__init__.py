"""Who may deploy from a pipeline: a stack of its own, once for an account."""
