"""What a region can do: facts, and the rules that compare a template with them."""
