"""Typed settings of the constructs, and what a value may be; nothing here needs the CDK."""
