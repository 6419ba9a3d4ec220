"""PCI DSS v4.0.1: does a template support it?"""
