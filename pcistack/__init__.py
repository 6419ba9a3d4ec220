"""Everything that checks, proves or rehearses a CloudFormation template.

Nothing here imports the stack or its constructs: a check sees the final template only, so it
works on any template and catches escape hatches too.
"""
