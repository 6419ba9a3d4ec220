"""Read a CloudFormation template: document, text, views, resolver."""
