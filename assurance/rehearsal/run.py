"""The rehearsal from an empty account to an empty account."""

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial

from . import certificate, changes, protection
from .assembly import Assembly
from .critical_path import CriticalPath, find
from .emulator import Client, Emulator
from .faults import Survival
from .steps import Steps
from .sweep import Baseline, Known, Record, Remains
from .toolkit import CommandError, Toolkit
from .verification import Check, Deployed, figures, verify


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
    """

    resources: dict[str, int] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)
    expected: list[Remains] = field(default_factory=list)
    left: list[Remains] = field(default_factory=list)
    kept: list[Remains] = field(default_factory=list)
    survivals: list[Survival] = field(default_factory=list)
    critical_path: CriticalPath | None = None


class Rehearsal:
    """Deploys a stack for two suffixes, changes it, destroys it, and looks at what is left."""

    def __init__(self, emulator: Emulator, toolkit: Toolkit, steps: Steps) -> None:
        """Rehearse on ``emulator`` with ``toolkit``, taking ``steps``."""
        self._emulator = emulator
        self._toolkit = toolkit
        self._steps = steps
        self._known = Known()
        self.findings = Findings()

    def synth(self, synthesized: Future[Assembly]) -> Assembly:
        """Wait for a stack that is being synthesized."""
        with self._steps.take("cdk synth") as step:
            assembly = synthesized.result()
            step.details.append(f"{assembly.stack}: {len(assembly.resources)} resources")
        return assembly

    def bootstrap(self, bootstrapped: Future[None]) -> Baseline:
        """Wait for the account to be prepared, and remember what is in it."""
        with self._steps.take("cdk bootstrap"):
            bootstrapped.result()
        return Baseline(self._emulator)

    def deploy(self, assembly: Assembly) -> Assembly:
        """Deploy a stack, with a certificate for each that it names; return what was deployed."""
        with self._steps.take(f"cdk deploy {assembly.stack}") as step:
            assembly = self._with_certificates(assembly)
            self._toolkit.deploy(assembly, step.progress)
            self._remember(assembly)
        return assembly

    def verify(self, assembly: Assembly) -> None:
        """Ask the AWS APIs whether the stack keeps its promises."""
        with self._steps.take(f"verify {assembly.stack} through the AWS APIs") as step:
            checks = verify(self._deployed(assembly))
            if not self.findings.checks:
                self.findings.checks = checks
                self.findings.resources = _count(assembly)
                self.findings.critical_path = find(assembly)
            broken = [problem for check in checks for problem in check.problems]
            if broken:
                step.fail(*broken)
            else:
                step.details.append(f"{len(checks)} promises hold")

    def update(self, assembly: Assembly) -> Assembly:
        """Deploy a change; nothing that holds data may be replaced."""
        changed = assembly.edited(self._emulator.folder / f"{assembly.stack}-changed", changes.grow)
        with self._steps.take(
            f"cdk deploy {assembly.stack}, capacity, image and counts changed"
        ) as (step):
            stateful = assembly.of_type(*changes.STATEFUL)
            before = self._toolkit.physical_ids(assembly.stack)
            old = figures(self._deployed(assembly))
            self._toolkit.deploy(changed, step.progress)
            after = self._toolkit.physical_ids(assembly.stack)
            new = figures(self._deployed(changed))
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
            self._emulator.folder / f"{assembly.stack}-replacing", changes.replace_database
        )
        with self._steps.take("a change that would replace the database is announced") as step:
            announced = self._toolkit.prepare(replacing)
            clusters = assembly.of_type("AWS::RDS::DBCluster")
            for name in clusters:
                if announced.get(name) != "True":
                    step.fail(f"{name}: its replacement is not announced")
                else:
                    step.details.append(f"{name}: its replacement would be announced")
            before = self._toolkit.physical_ids(assembly.stack)
            if any(name not in before for name in clusters):
                step.fail("the announcement itself has touched the database")

    def destroy(self, assembly: Assembly, *, untouched: set[Record] | None = None) -> None:
        """Destroy a stack; every record in ``untouched`` must survive as it is."""
        with self._steps.take(f"cdk destroy {assembly.stack}") as step:
            self._toolkit.destroy(assembly, step.progress)
            self._remove_certificates(assembly)
            if untouched:
                lost = sorted(untouched - Baseline(self._emulator).now())
                if lost:
                    step.fail(
                        *(
                            f"{key} ({store}) of the other stack changed"
                            for _, store, key, _ in lost
                        )
                    )
                else:
                    step.details.append(f"all {len(untouched)} records of the other stack survive")

    def refuse_destroy(self, assembly: Assembly) -> None:
        """Everything that the profile protects refuses to go, and nothing is touched."""
        with self._steps.take(f"cdk destroy {assembly.stack} is refused") as step:
            baseline = Baseline(self._emulator)
            before = baseline.now()
            try:
                self._toolkit.destroy(assembly)
                step.fail(f"{assembly.stack}: the stack let itself be destroyed")
            except CommandError:
                step.details.append("the stack: termination protection")
            for name, refused in protection.attempts(self._emulator, self._deployed(assembly)):
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
            protection.lift(self._emulator, self._deployed(assembly))

    def fill_buckets(self, assembly: Assembly) -> None:
        """Put a log object into every bucket, so that the destroy meets one that is not empty."""
        s3 = self._emulator.client("s3", assembly.region)
        ids = self._toolkit.physical_ids(assembly.stack)
        for name in assembly.of_type("AWS::S3::Bucket"):
            for number in range(2):
                s3.put_object(Bucket=ids[name], Key="AWSLogs/rehearsal.log", Body=str(number))

    def sweep(self, baseline: Baseline, *, of: Assembly | None = None) -> None:
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
                step.details.append(f"exactly the {len(policies)} resources left that it keeps")
            else:
                step.details.append("nothing left")

    def _deployed(self, assembly: Assembly) -> Deployed:
        return Deployed(self._emulator, assembly, self._toolkit.physical_ids(assembly.stack))

    def _remember(self, assembly: Assembly) -> None:
        self._known.add(assembly, self._toolkit.physical_ids(assembly.stack))

    def _with_certificates(self, assembly: Assembly) -> Assembly:
        arns = changes.certificate_arns(assembly.template)
        if not arns:
            return assembly
        acm: Client = self._emulator.client("acm", assembly.region)
        imported = {arn: certificate.import_into(acm) for arn in sorted(arns)}
        return assembly.edited(
            self._emulator.folder / f"{assembly.stack}-certified",
            partial(changes.import_certificates, imported=imported),
        )

    def _remove_certificates(self, assembly: Assembly) -> None:
        """Take away what the rehearsal has imported; ACM refuses one that is still in use."""
        acm: Client = self._emulator.client("acm", assembly.region)
        for arn in changes.certificate_arns(assembly.template):
            acm.delete_certificate(CertificateArn=arn)


def ephemeral(rehearsal: Rehearsal, baseline: Baseline, first: Assembly, second: Assembly) -> None:
    """Rehearse a throw-away environment and a second one beside it, to the last resource."""
    first = rehearsal.deploy(first)
    rehearsal.verify(first)
    rehearsal.announce_replacement(first)
    first = rehearsal.update(first)
    alone = baseline.now()
    second = rehearsal.deploy(second)
    rehearsal.verify(second)
    rehearsal.fill_buckets(second)
    rehearsal.destroy(first, untouched=baseline.now() - alone)
    rehearsal.verify(second)
    rehearsal.destroy(second)
    rehearsal.sweep(baseline)


def protected(rehearsal: Rehearsal, baseline: Baseline, assembly: Assembly) -> None:
    """Rehearse an environment that keeps its data and refuses to be destroyed."""
    assembly = rehearsal.deploy(assembly)
    rehearsal.verify(assembly)
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
