"""A Lambda function: makes the database's users at deployment and rotates their passwords.

The folder travels into the function as it stands, beside PyMySQL. It runs in Lambda's Python, so
it imports nothing of the CDK; boto3 is Lambda's own.
"""
