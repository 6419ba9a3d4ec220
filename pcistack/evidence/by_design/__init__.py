"""What a template does for a requirement, in sentences that are true of it.

Each sentence is a function of the template: it returns the text where the template has what the
text says, and nothing where it has not.
"""
