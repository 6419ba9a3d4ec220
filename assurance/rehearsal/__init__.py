"""Deploy, verify, update and destroy a stack on an AWS that runs in a local process.

The parts:

* :mod:`~assurance.rehearsal.emulator` starts and stops the embedded AWS, and
  :mod:`~assurance.rehearsal.sdk` is how to call it.
* :mod:`~assurance.rehearsal.embedded` runs inside that process and adds what it lacks.
* :mod:`~assurance.rehearsal.assembly` and :mod:`~assurance.rehearsal.toolkit` hold what the CDK
  synthesizes and drive the real CDK CLI.
* :mod:`~assurance.rehearsal.verification` and :mod:`~assurance.rehearsal.sweep` ask the AWS APIs
  what is there, and what is left.
* :mod:`~assurance.rehearsal.run` puts the steps in order.
"""
