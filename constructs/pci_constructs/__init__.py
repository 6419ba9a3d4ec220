"""Typed constructs that support PCI DSS, one per file."""
