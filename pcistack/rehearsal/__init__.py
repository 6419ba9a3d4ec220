"""Deploy, verify, update and destroy a stack on an AWS that runs in a local process.

The parts:

* :mod:`~pcistack.rehearsal.emulator` starts and stops the embedded AWS, and
  :mod:`~pcistack.rehearsal.sdk` is how to call it.
* :mod:`~pcistack.rehearsal.embedded` runs inside that process and adds what it lacks.
* :mod:`~pcistack.rehearsal.assembly` and :mod:`~pcistack.rehearsal.cdk_cli` hold what the CDK
  synthesizes and drive the real CDK CLI.
* :mod:`~pcistack.rehearsal.verification` and :mod:`~pcistack.rehearsal.sweep` ask the AWS APIs
  what is there, and what is left.
* :mod:`~pcistack.rehearsal.run` puts the steps in order.
"""
