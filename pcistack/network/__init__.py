"""What can reach what in a template: security groups, subnets, routes, workloads."""
