"""Loosen every property of a template: does a rule notice?"""
