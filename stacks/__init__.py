"""The stack, its typed configuration, and the app that holds them."""
