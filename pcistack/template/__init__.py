"""Read a CloudFormation template: document, text, view, resolver, worlds."""
