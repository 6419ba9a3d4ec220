"""The regional guard: what a region can do, and rules that hold a template against it."""
