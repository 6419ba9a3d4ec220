"""One rule for each thing that CloudFormation refuses by itself, or that could not be judged."""
