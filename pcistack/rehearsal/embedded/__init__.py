"""What runs inside the process of the embedded AWS; nothing here imports MiniStack before it runs.

MiniStack is the engine. This package registers the CloudFormation resource types that it lacks,
writes them as real state into its services through its own APIs, mends what differs from AWS in a
way that this stack would feel, and adds a control service for faults and the inventory.
"""
