"""The rehearsal from an empty account to an empty account."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial

from pcistack.account.verify.promise import Check
from pcistack.account.verify.run import summary
from pcistack.checks.findings import counted
from pcistack.rehearsal import certificate, late, protection, way_back
from pcistack.rehearsal import edits as changes
from pcistack.rehearsal.assembly import Assembly
from pcistack.rehearsal.cdk_cli import CommandError, Toolkit
from pcistack.rehearsal.critical_path import CriticalPath, find
from pcistack.rehearsal.emulator import Emulator, Fault
from pcistack.rehearsal.faults import Survival
from pcistack.rehearsal.rotation import rotate
from pcistack.rehearsal.sdk import Client
from pcistack.rehearsal.steps import Steps
from pcistack.rehearsal.sweep import Beforehand, Known, Remains, StoredState
from pcistack.rehearsal.verification import deployed, figures, verify


@dataclass(slots=True, kw_only=True)
class Findings:
    """What a rehearsal has found besides how its steps went.

    Attributes:
        resources: How many resources of each type were deployed.
        checks: The promises looked into, after the first deployment.
        expected: What may be left.
        left: What may not.
        kept: What is left because a profile keeps it.
        survivals: The faults that were tried.
        critical_path: How long a first deployment takes for real.
        not_covered: What this run leaves out, and how to cover it.
    """

    resources: dict[str, int] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)
    expected: list[Remains] = field(default_factory=list)
    left: list[Remains] = field(default_factory=list)
    kept: list[Remains] = field(default_factory=list)
    survivals: list[Survival] = field(default_factory=list)
    critical_path: CriticalPath | None = None
    not_covered: list[str] = field(default_factory=list)


class Rehearsal:
    """Deploys a stack for two suffixes, changes it, destroys it, and looks at what is left."""

    def __init__(self, emulator: Emulator, toolkit: Toolkit, steps: Steps) -> None:
        """Rehearse on ``emulator`` with ``toolkit``, taking ``steps``."""
        self.emulator = emulator
        self.toolkit = toolkit
        self._steps = steps
        self._known = Known()
        self.findings = Findings()

    def synth(self, synthesized: Future[Assembly]) -> Assembly:
        """Wait for a stack that is being synthesized.

        Raises:
            CommandError: The app, or a check attached to it, refused.
        """
        with self._steps.take("cdk synth") as step:
            if synthesized.exception() is None:
                assembly = synthesized.result()
                size = counted(len(assembly.resources), "resource")
                step.details.append(f"{assembly.stack}: {size}")
            else:
                step.fail()
        return synthesized.result()

    def bootstrap(self, bootstrapped: Future[None]) -> Beforehand:
        """Wait for the account to be prepared, and remember what is in it."""
        with self._steps.take("cdk bootstrap"):
            bootstrapped.result()
        return Beforehand(self.emulator)

    def deploy(self, assembly: Assembly) -> Assembly:
        """Deploy a stack, with a certificate for each that it names; return what was deployed."""
        with self._steps.take(f"cdk deploy {assembly.stack}") as step:
            assembly = self._with_certificates(assembly)
            self.toolkit.deploy(assembly, step.progress)
            self._remember(assembly)
        return assembly

    def verify(self, assembly: Assembly) -> None:
        """Ask the AWS APIs whether the stack keeps its promises."""
        with self._steps.take(f"verify {assembly.stack} through the AWS APIs") as step:
            verified = verify(self.emulator, assembly)
            if not self.findings.checks:
                self.findings.checks = list(verified.checks)
                self.findings.resources = _count(assembly)
                self.findings.critical_path = find(assembly)
            if verified.holds:
                step.details.append(summary(verified))
            else:
                step.fail(*verified.problems, *verified.unanswered)

    def rotate(self, assembly: Assembly) -> None:
        """Rotate every secret as its schedule would, where a database server is at hand."""
        with self._steps.take(f"rotate every secret of {assembly.stack}") as step:
            tried = list(rotate(self.emulator, assembly))
            for name, problem in tried:
                if problem:
                    step.fail(f"{name}: {problem}")
            rotated = sum(not problem for _, problem in tried)
            step.details.append(
                f"{counted(rotated, 'secret')} rotated, with the rights of the function's role"
                if tried
                else "not done: the users of the database are recorded only"
            )

    def fail_a_job(self, assembly: Assembly) -> None:
        """An update whose release job fails leaves every service with the version it had."""
        jobs = way_back.families(assembly)
        if not jobs:
            return
        with self._steps.take(f"an update of {assembly.stack} whose release job fails") as step:
            changed = assembly.edited(
                self.emulator.folder / f"{assembly.stack}-released", changes.grow
            )
            for problem in way_back.problems(
                self.emulator, assembly, lambda: self.toolkit.deploy(changed)
            ):
                step.fail(problem)
            step.details.append(f"{jobs[0]}: ran once and failed; every service is as before")

    def update(self, assembly: Assembly) -> Assembly:
        """Deploy a change; nothing that holds data may be replaced."""
        changed = assembly.edited(self.emulator.folder / f"{assembly.stack}-changed", changes.grow)
        with self._steps.take(
            f"cdk deploy {assembly.stack}, capacity, image and counts changed"
        ) as (step):
            stateful = assembly.of_type(*changes.STATEFUL)
            before = self.toolkit.physical_ids(assembly.stack)
            old = figures(deployed(self.emulator, assembly))
            self.toolkit.deploy(changed, step.progress)
            after = self.toolkit.physical_ids(assembly.stack)
            new = figures(deployed(self.emulator, changed))
            self._remember(changed)
            for name in stateful:
                if before.get(name) != after.get(name):
                    step.fail(f"{name}: was replaced: {before.get(name)} is now {after.get(name)}")
            for what, value in new.items():
                if value == old[what]:
                    step.fail(f"{what} is still {value}: the change did not reach it")
        return changed

    def announce_replacement(self, assembly: Assembly) -> None:
        """A change that would replace the database is announced before it happens."""
        replacing = assembly.edited(
            self.emulator.folder / f"{assembly.stack}-replacing", changes.replace_database
        )
        with self._steps.take("a change that would replace the database is announced") as step:
            announced = self.toolkit.prepare(replacing)
            clusters = assembly.of_type("AWS::RDS::DBCluster")
            for name in clusters:
                if announced.get(name) != "True":
                    step.fail(f"{name}: its replacement is not announced")
                else:
                    step.details.append(f"{name}: its replacement would be announced")
            before = self.toolkit.physical_ids(assembly.stack)
            if any(name not in before for name in clusters):
                step.fail("the announcement itself has touched the database")

    def destroy(self, assembly: Assembly, *, untouched: set[StoredState] | None = None) -> None:
        """Destroy a stack; every record in ``untouched`` must survive as it is."""
        with self._steps.take(f"cdk destroy {assembly.stack}") as step:
            self.toolkit.destroy(assembly, step.progress)
            self._remove_certificates(assembly)
            if untouched:
                lost = sorted(untouched - Beforehand(self.emulator).now())
                if lost:
                    step.fail(
                        *(
                            f"{key} ({store}) of the other stack changed"
                            for _, store, key, _ in lost
                        )
                    )
                else:
                    records = counted(len(untouched), "record")
                    step.details.append(f"{records} of the other stack, none changed")

    def fail_first(self, baseline: Beforehand, assembly: Assembly) -> None:
        """A first deployment that fails at the database leaves nothing in the way of the next.

        Nothing that the profile keeps, and no protection, may hold on to what was made before.
        """
        with self._steps.take(f"a first cdk deploy {assembly.stack} that fails") as step:
            attempt = self._with_certificates(assembly)
            cluster = [*assembly.of_type("AWS::RDS::DBCluster"), ""][0]
            self.emulator.set_faults([Fault(stack=assembly.stack, resource=cluster)])
            try:
                self.toolkit.deploy(attempt, step.progress)
                step.fail(f"{cluster}: its creation failed, and the deployment did not")
            except CommandError:
                step.details.append(f"{cluster}: its creation failed, and all was rolled back")
            finally:
                self.emulator.set_faults([])
            self._remove_certificates(attempt)
            self._known.add(assembly, self.toolkit.made(assembly.stack))
            remains = [item for item in baseline.since(self._known) if not item.expected]
            left = [item for item in remains if item.kind != "stacks"]
            if left:
                step.fail(*(f"left behind by {item}" for item in left))
            # The CLI protects a stack before it makes it, and cannot replace it before this.
            api: Client = self.emulator.client("cloudformation", assembly.region)
            api.update_termination_protection(
                StackName=assembly.stack, EnableTerminationProtection=False
            )
            step.details.append("its termination protection is lifted, for the next to replace it")

    def refuse_destroy(self, assembly: Assembly) -> None:
        """Everything that the profile protects refuses to go, and nothing is touched."""
        with self._steps.take(f"cdk destroy {assembly.stack} is refused") as step:
            baseline = Beforehand(self.emulator)
            before = baseline.now()
            try:
                self.toolkit.destroy(assembly)
                step.fail(f"{assembly.stack}: the stack let itself be destroyed")
            except CommandError:
                step.details.append("the stack: termination protection")
            for name, refused in protection.attempts(self.emulator, assembly):
                if refused:
                    step.details.append(f"{name}: deletion protection")
                else:
                    step.fail(f"{name}: let itself be deleted")
            lost = before - baseline.now()
            if lost:
                step.fail(*(f"{key} ({store}) changed" for _, store, key, _ in sorted(lost)))

    def lift_protection(self, assembly: Assembly) -> None:
        """Lift every protection as an operator would who means it."""
        with self._steps.take(f"lift the protection of {assembly.stack}"):
            protection.lift(self.emulator, assembly)

    def remove_what_came_late(self, assembly: Assembly) -> None:
        """Find what services wrote after the destroy, as `pcistack sweep` does, and remove it."""
        with self._steps.take(f"pcistack sweep after {assembly.stack}") as step:
            removed, left = late.remove_what_came_late(self.emulator, assembly)
            step.details += [
                f"{name}: written again after the destroy, removed" for name in removed
            ]
            if left:
                step.fail(*left)

    def fill_buckets(self, assembly: Assembly) -> None:
        """Put a log object into every bucket, so that the destroy meets one that is not empty."""
        s3 = self.emulator.client("s3", assembly.region)
        ids = self.toolkit.physical_ids(assembly.stack)
        for name in assembly.of_type("AWS::S3::Bucket"):
            for number in range(2):
                s3.put_object(Bucket=ids[name], Key="AWSLogs/rehearsal.log", Body=str(number))

    def sweep(self, baseline: Beforehand, *, of: Assembly | None = None) -> None:
        """Look for anything left.

        Args:
            baseline: What was there before the first deployment.
            of: A stack whose profile keeps something: exactly that must be left.
        """
        with self._steps.take("sweep every service") as step:
            remains = baseline.since(self._known)
            policies = {} if of is None else _kept(of)
            kept = [item for item in remains if _may_stay(item, policies)]
            left = [item for item in remains if not item.expected and item not in kept]
            lost = sorted(policies.keys() - {item.resource for item in kept})
            self.findings.left += left
            self.findings.kept += kept
            self.findings.expected = [item for item in remains if item.expected]
            if left or lost:
                step.fail(*(f"left behind by {item}" for item in left))
                step.details += [f"{name}: should have been kept and is gone" for name in lost]
            elif policies:
                kept_ones = counted(len(policies), "resource")
                step.details.append(f"{kept_ones} left, exactly what it keeps")
            else:
                step.details.append("nothing left")

    def _remember(self, assembly: Assembly) -> None:
        self._known.add(assembly, self.toolkit.physical_ids(assembly.stack))

    def _with_certificates(self, assembly: Assembly) -> Assembly:
        arns = changes.certificate_arns(assembly.template)
        if not arns:
            return assembly
        acm: Client = self.emulator.client("acm", assembly.region)
        imported = {arn: certificate.import_into(acm) for arn in sorted(arns)}
        return assembly.edited(
            self.emulator.folder / f"{assembly.stack}-certified",
            partial(changes.import_certificates, imported=imported),
        )

    def _remove_certificates(self, assembly: Assembly) -> None:
        """Take away what the rehearsal has imported; ACM refuses one that is still in use."""
        acm: Client = self.emulator.client("acm", assembly.region)
        for arn in changes.certificate_arns(assembly.template):
            acm.delete_certificate(CertificateArn=arn)


def ephemeral(
    rehearsal: Rehearsal, baseline: Beforehand, first: Assembly, second: Assembly
) -> None:
    """Rehearse a throw-away environment and a second one beside it, to the last resource."""
    first = rehearsal.deploy(first)
    rehearsal.verify(first)
    rehearsal.rotate(first)
    rehearsal.announce_replacement(first)
    rehearsal.fail_a_job(first)
    first = rehearsal.update(first)
    alone = baseline.now()
    second = rehearsal.deploy(second)
    rehearsal.verify(second)
    rehearsal.fill_buckets(second)
    rehearsal.destroy(first, untouched=baseline.now() - alone)
    rehearsal.remove_what_came_late(first)
    rehearsal.verify(second)
    rehearsal.destroy(second)
    rehearsal.remove_what_came_late(second)
    rehearsal.sweep(baseline)


def protected(rehearsal: Rehearsal, baseline: Beforehand, assembly: Assembly) -> None:
    """Rehearse an environment that keeps its data and refuses to be destroyed."""
    rehearsal.fail_first(baseline, assembly)
    assembly = rehearsal.deploy(assembly)
    rehearsal.verify(assembly)
    rehearsal.rotate(assembly)
    rehearsal.fail_a_job(assembly)
    rehearsal.fill_buckets(assembly)
    rehearsal.refuse_destroy(assembly)
    rehearsal.lift_protection(assembly)
    rehearsal.destroy(assembly)
    rehearsal.sweep(baseline, of=assembly)


def keeps_data(assembly: Assembly) -> bool:
    """Whether the stack's profile keeps anything when it is destroyed."""
    return bool(_kept(assembly))


def _kept(assembly: Assembly) -> dict[str, str]:
    """Return the policy of every resource that a destroy is to keep, by logical id."""
    policies = {
        name: str(resource.get("DeletionPolicy", "Delete"))
        for name, resource in assembly.resources.items()
    }
    return {name: policy for name, policy in policies.items() if policy != "Delete"}


def _may_stay(item: Remains, policies: Mapping[str, str]) -> bool:
    policy = policies.get(item.resource, "")
    return policy.startswith("Retain") or (policy == "Snapshot" and "snapshot" in item.kind)


def _count(assembly: Assembly) -> dict[str, int]:
    kinds = [resource["Type"] for resource in assembly.resources.values()]
    return {kind: kinds.count(kind) for kind in sorted(set(kinds))}
