"""Ask the account whether a deployed stack keeps its promises, and what differs from its template.

Read only. The command ``pcistack verify`` and the rehearsal run the same code:

* :mod:`~pcistack.account.verify.deployed` is the stack as the services describe it,
* one module per part of the stack holds the promises that are asked,
* :mod:`~pcistack.account.verify.drift` compares settings, by CloudFormation's own detection,
* :mod:`~pcistack.account.verify.run` asks them all.
"""
