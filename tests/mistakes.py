"""Every kind of mistake in a configuration file, and the one line that tells it."""
# ruff: noqa: E501, RUF001  a row of the table is a line, and digits of other scripts are meant

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from stacks.mistakes import shown

MINIMAL = {
    "region": '"eu-central-2"',
    "network.zones": '["eu-central-2a", "eu-central-2b"]',
}
HOSTED = {
    "ingress.hosted_zone_id": '"Z1"',
    "ingress.hosted_zone_name": '"example.com"',
    "ingress.domain_name": '"pay.example.com"',
}
PRIVATE = "111111111111.dkr.ecr.eu-central-2.amazonaws.com/app:1"
ARN = "arn:aws:acm:eu-central-2:111111111111:certificate/00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Row:
    """A mistake.

    Attributes:
        changes: Settings as TOML writes them; an empty text leaves the setting out.
        line: The one line that tells the mistake.
        reads: Other settings that the mistake depends on.
    """

    changes: Mapping[str, str]
    line: str
    reads: tuple[str, ...] = ()

    @property
    def kind(self) -> tuple[str, bool]:
        """The setting, and whether it is wrong only beside others."""
        return self.line.partition(": ")[0], bool(self.reads) or len(self.changes) > 1

    def mixes_with(self, other: Row) -> bool:
        """Whether each of two mistakes stays what it is beside the other."""
        mine, yours = ({_part(name) for name in each.changes} for each in (self, other))
        return not (_overlap(mine, yours | {*other.reads}) or _overlap(yours, mine | {*self.reads}))


def _part(setting: str) -> str:
    """The settings of the ingress are judged together."""
    return "ingress" if setting.startswith("ingress") else setting


def _overlap(some: set[str], others: set[str]) -> bool:
    return any(
        f"{a}.".startswith(f"{b}.") or f"{b}.".startswith(f"{a}.") for a in some for b in others
    )


def row(setting: str, value: str, rest: str, *reads: str, **others: str) -> Row:
    changes = {setting: value} | {name.replace("__", "."): text for name, text in others.items()}
    return Row(changes, f"{setting}: {rest}", reads)


REGION = 'the name of an AWS region, such as "eu-central-2"'
ZONES = 'two or three zones of the region, such as ["eu-central-2a", "eu-central-2b"]'
CIDR = "an IPv4 range from /16 to /22 inside 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16"
PROJECT = "lower-case letters and digits, a letter first, at most 14"
DATABASE = (
    "lower-case letters, digits and underscores, a letter first, at most 64; no reserved word and "
    "no own database of MySQL"
)
MASTER = (
    "letters and digits, a letter first, at most 16; no default account, no reserved word, nothing "
    "that begins with rds"
)
IMAGE = (
    "an image as [registry/]name[:tag][@sha256:digest]; a private one in ECR as "
    "<12 digits>.dkr.ecr.<region>.amazonaws.com/<name>:<tag>"
)
SESSION = "an image for x86_64 with sh, sleep, script and MySQL's own client; with its digest for `cardholder-data`"
USER = 'a user name or number other than root, with or without ":group"'
PATHS = "absolute paths such as /tmp, without spaces, colons, //, . and .."
CPU = "256, 512, 1024, 2048, 4096, 8192 or 16384"
CERTIFICATE = "an ACM certificate: arn:aws:acm:<region>:<12 digits>:certificate/<id>"
SOURCES = 'a list of different IPv4 ranges, such as ["203.0.113.0/24"]'
EXCEPTIONS = "a reason of at least 20 characters for each rule of AWS's managed groups, such as SizeRestrictions_BODY"
TOPIC = "a topic: arn:aws:sns:<region>:<12 digits>:<name>"
ALARMS = "arn:aws:sns:eu-central-2:111111111111:on-call"
DOMAINS = 'a list of different domains, such as ["api.processor.example", "*.example.com"]'
HEALTH = 'a command of the image\'s shell, or a list such as ["/app/healthy"]'
COMMAND = 'a list of words such as ["gunicorn", "app:app"]'
VARIABLES = "a text for each name of letters, digits and underscores"
SECRETS = 'the secret\'s ARN, with ":<key>" behind it for a value of a JSON text; or a table { arn, json_key, kms_key } for one with a key of its own'
SECRET = "arn:aws:secretsmanager:eu-central-2:111111111111:secret:processor-Ab1Cd2"
KEY = "arn:aws:kms:eu-central-2:111111111111:key/00000000-0000-4000-8000-000000000000"
ACTIONS = 'a list of full names such as ["sqs:SendMessage"], without a wildcard'
RESOURCES = 'a list of ARNs; the only wildcard is a last "/*", and it needs a reason'
QUEUE = "arn:aws:sqs:eu-central-2:111111111111:reports"
SCHEDULE = 'a schedule of EventBridge such as "cron(0 2 * * ? *)" or "rate(1 day)", in UTC'
WORKER = "image, command, user, architecture, cpu, memory_mib, scratch_paths, scratch_mib, variables, secrets, identity, permissions, desired_count, health_check_command or start_seconds"
EITHER = "certificate_arn, or hosted_zone_id, hosted_zone_name and domain_name together, or both"
ZONE_ID = "an id as Route 53 shows it: Z, then capital letters and digits"
DOMAIN = "a host name such as pay.example.com, at most 64 characters"
ADDRESSES = "addresses such as security@example.com"
REASONS = "a reason of at least 20 characters for each rule id, or { reason, until }"
GOOD_REASON = '"It holds no data and is destroyed after use."'
TEST_DATA = 'or data_classification = "test-data"'
WEAK = 'does not go with data_classification = "cardholder-data": it'
NO_IMAGE, ALMOST = "is not the name of an image", "is almost an image of a private ECR repository"
NO_ADDRESS, NO_HOST = "is no e-mail address", "is no host name"
NO_PATH, NO_RULE = (
    "is not a plain absolute path",
    "rules on the database and on security groups that are not fatal",
)
CARDHOLDER = {
    "data_classification": '"cardholder-data"',
    "protection.keep_data": "true",
    "protection.deletion_protection": "true",
    "service.image": f'"app@sha256:{"0" * 64}"',
    "monitoring.emails": '["a@b.example"]',
    "network.outbound": "[]",
}
TOP = (
    "serves, region, account, project, data_classification, network, database, service, workers, jobs, ingress, "
    "protection, monitoring, operations, acknowledged or accepted_changes"
)


def texts(setting: str, wrong: str, allowed: str, *values: str) -> list[Row]:
    """Rows of texts that are wrong in the same way."""
    return [
        row(
            setting,
            json.dumps(value, ensure_ascii=False),
            f"{wrong}; allowed: {allowed} (it is {shown(value)})",
        )
        for value in values
    ]


def ranges(setting: str, low: int, high: int) -> list[Row]:
    """Rows of whole numbers outside a range, and of what is no whole number."""
    allowed = f"allowed: a whole number from {low} to {high}"
    return [
        row(setting, f"{low - 1}", f"is too small; {allowed} (it is {low - 1})"),
        row(setting, f"{high + 1}", f"is too large; {allowed} (it is {high + 1})"),
        *numbers(setting, allowed),
    ]


def numbers(setting: str, allowed: str) -> list[Row]:
    return [
        row(setting, "true", f"is not a whole number; {allowed} (it is true)"),
        row(setting, "1.0", f"is not a whole number; {allowed} (it is 1.0)"),
        row(setting, '"1"', f"is a text, because of its quotes; {allowed} (it is '1')"),
    ]


def choices(setting: str, allowed: str) -> list[Row]:
    return [
        row(setting, '"x"', f"is none of the choices; allowed: {allowed} (it is 'x')"),
        row(setting, "1", f"is none of the choices; allowed: {allowed} (it is 1)"),
    ]


def flags(setting: str) -> list[Row]:
    allowed = "allowed: true or false"
    return [
        row(setting, '"no"', f"is a text, because of its quotes; {allowed} (it is 'no')"),
        row(setting, "1", f"is not true or false; {allowed} (it is 1)"),
    ]


def word(setting: str, allowed: str) -> list[Row]:
    return [
        row(setting, "12", f"is not a text in quotes; allowed: {allowed} (it is 12)"),
        row(
            setting, "2020-01-01", f"is not a text in quotes; allowed: {allowed} (it is 2020-01-01)"
        ),
        row(setting, '["a"]', f"is not a text in quotes; allowed: {allowed} (it is ['a'])"),
    ]


# fmt: off
MISTAKES = [
    # what is no setting
    row("nope", "1", f"is no setting; allowed: {TOP} (it is 1)"),
    row("network.max_asz", "3", "is no setting; allowed: cidr, zones, egress, outbound or nat_gateways (it is 3)"),
    row("suffix", '"x"', "is no setting; allowed: -c environmentSuffix=<suffix> on the command line (it is 'x')"),
    Row({'"two\\nlines"': "{a = 1}"}, f"'two\\nlines': is no setting; allowed: {TOP}"),
    row("ingress", "true", "is not a table; allowed: a table, [ingress] (it is true)"),
    row("database", "[]", "is not a table; allowed: a table, [database] (it is [])"),
    # the top of the file
    row("region", "", f"is missing; allowed: {REGION}"),
    *word("region", REGION),
    row("region", '"eu-centrall-2"', f"is no region that is known (nearest: eu-central-1, eu-central-2, me-central-1); allowed: {REGION} (it is 'eu-centrall-2')"),
    *texts("region", "is no region that is known", REGION, "x", "٣"),
    *word("account", "12 digits in quotes"),
    *texts("account", "cannot be used", "12 digits in quotes", "12345678901", "1234567890123", "١٢٣٤٥٦٧٨٩٠١٢", "123456789012\n"),
    *word("project", PROJECT),
    *texts("project", "cannot be used", PROJECT, "", "a-b", "Pci", "1a", "ä", "p" * 90),
    *choices("data_classification", '"cardholder-data" or "test-data"'),
    # network
    row("network", "3", "is not a table; allowed: a table, [network] (it is 3)", **{"network__zones": ""}),
    row("network.zones", "", f"is missing; allowed: {ZONES}"),
    *texts("network.cidr", "is no IPv4 range", CIDR, "x", "10.0.0/16", "10.0.0.0/33", "١0.0.0.0/16", "fd00::/16"),
    *texts("network.cidr", "is not private", CIDR, "8.8.0.0/16", "127.0.0.0/16", "0.0.0.0/16", "169.254.0.0/16", "100.64.0.0/16", "198.18.0.0/16", "240.0.0.0/16", "172.32.0.0/16"),
    *texts("network.cidr", "is a /8", CIDR, "10.0.0.0/8"),
    *texts("network.cidr", "is a /32", CIDR, "10.0.0.0"),
    *texts("network.cidr", "begins inside 10.1.0.0/16, not at its start", CIDR, "10.1.2.3/16"),
    row("network.zones", '["eu-central-2a"]', f"has too few items; allowed: {ZONES} (it is ['eu-central-2a'])"),
    row("network.zones", json.dumps(["eu-central-2a"] * 4), f"has too many items; allowed: {ZONES} (it is ['eu-central-2a', 'eu-central-2a', 'eu-central-2a', 'eu-c...)"),
    row("network.zones", '"eu-central-2a"', f"is not a list; allowed: {ZONES} (it is 'eu-central-2a')"),
    row("network.zones", '["eu-central-2a", 2]', f"is not a text in quotes; allowed: {ZONES} (it is 2)"),
    row("network.zones", '["eu-central-2a", "eu-central-2z"]', "is no availability zone that is known; allowed: eu-central-2a, eu-central-2b or eu-central-2c (it is 'eu-central-2z')"),
    row("network.zones", '["eu-central-2a", "?"]', "is no availability zone that is known; allowed: zones of the region, such as eu-central-2a (it is '?')"),
    Row({"region": '"il-central-1"', "network.zones": '["il-central-1a", "il-central-1b"]'}, "region: is one whose root certificate of RDS is not at hand, so that no database there can be verified; allowed: a region that has a file in constructs/pci_constructs/database_users/certificates, or AWS's certificate bundle of this one saved there as il-central-1.pem (it is 'il-central-1')", ("network", "service", "workers", "jobs", "ingress", "monitoring")),
    row("network.zones", '["eu-central-2a", "eu-central-1a"]', "is no zone of eu-central-2; allowed: eu-central-2a, eu-central-2b or eu-central-2c (it is 'eu-central-1a')", "region"),
    row("network.zones", '["eu-central-2a", "eu-central-2a"]', "is there more than once; allowed: each once (it is 'eu-central-2a')"),
    *choices("network.egress", '"nat" or "endpoints"'),
    *ranges("network.nat_gateways", 0, 3),
    row("network.nat_gateways", "0", 'does not go with egress = "nat"; allowed: 1, or one for each zone (it is 0)', "network.egress"),
    row("network.nat_gateways", "3", "does not go with 2 zones; allowed: 1 or 2 (it is 3)", "network.egress", "network.zones"),
    row("network.nat_gateways", "1", 'does not go with egress = "endpoints"; allowed: 0 (it is 1)', network__egress='"endpoints"', service__image=f'"{PRIVATE}"'),
    *(
        Row(
            {"network.egress": '"endpoints"', "service.image": f'"{image}"'},
            'service.image: cannot be reached with egress = "endpoints"; allowed: <12 digits>.dkr.ecr.'
            f"eu-central-2.amazonaws.com/<name>:<tag>, to which it must be copied (it is {shown(image)})",
            ("region", "network.nat_gateways"),
        )
        for image in (
            "nginx",
            PRIVATE.replace("eu-central-2", "eu-central-1"),
            f"evil.example/{PRIVATE}",
        )
    ),
    # database
    *word("database.engine_version", "a version such as 8.0.mysql_aurora.3.10.4"),
    *texts("database.engine_version", "is not an Aurora MySQL version", "a version such as 8.0.mysql_aurora.3.10.4", "8.0", "8.0.mysql_aurora.٣.10.4"),
    *(
        found
        for name, low in (("min_capacity", 0), ("max_capacity", 1))
        for found in (
            row(f"database.{name}", "-0.5", f"is too small; allowed: a number from {low} to 256 in steps of 0.5 (it is -0.5)"),
            row(f"database.{name}", "257", f"is too large; allowed: a number from {low} to 256 in steps of 0.5 (it is 257)"),
            row(f"database.{name}", "1.7", f"is not a multiple of 0.5; allowed: a number from {low} to 256 in steps of 0.5 (it is 1.7)"),
            row(f"database.{name}", "nan", f"is not a number; allowed: a number from {low} to 256 in steps of 0.5 (it is nan)"),
            row(f"database.{name}", "inf", f"is not a number; allowed: a number from {low} to 256 in steps of 0.5 (it is inf)"),
            row(f"database.{name}", "true", f"is not a number; allowed: a number from {low} to 256 in steps of 0.5 (it is true)"),
            row(f"database.{name}", '"1"', f"is a text, because of its quotes; allowed: a number from {low} to 256 in steps of 0.5 (it is '1')"),
            row(f"database.{name}", "0x" + "f" * 6000, f"is too large; allowed: a number from {low} to 256 in steps of 0.5 (it is a number of more than 60 digits)"),
        )
    ),
    row("database.min_capacity", "4", "is larger than max_capacity; allowed: at most 1, or a larger max_capacity (it is 4)", "database.max_capacity"),
    *ranges("database.auto_pause_seconds", 300, 86400),
    row("database.auto_pause_seconds", "400", "has no effect with min_capacity = 0.5; allowed: to leave it out, or min_capacity = 0 (it is 400)", "database.min_capacity"),
    *ranges("database.readers", 0, 15),
    row("database.readers", "0x" + "f" * 6000, "is too large; allowed: a whole number from 0 to 15 (it is a number of more than 60 digits)"),
    row("database.port", "3306", "is MySQL's well-known port; allowed: a whole number from 1150 to 65535, but not 3306 (it is 3306)"),
    row("database.port", "80", "is too small; allowed: a whole number from 1150 to 65535, but not 3306 (it is 80)"),
    *word("database.name", DATABASE),
    *texts("database.name", "cannot be used", DATABASE, "", "1a", "a-b", "Cards", "a" * 65),
    *texts("database.name", "is a database that MySQL has already", DATABASE, "mysql", "sys", "information_schema", "performance_schema"),
    *texts("database.name", "is a reserved word of MySQL", DATABASE, "select", "table", "grant", "cube"),
    *word("database.master_username", MASTER),
    *texts("database.master_username", "cannot be used", MASTER, "", "1a", "a_b", "a" * 17),
    *texts("database.master_username", "is a default account (PCI DSS 2.2.2)", MASTER, "admin", "Root", "mysql"),
    *texts("database.master_username", "begins as the accounts of RDS itself do", MASTER, "rdsadmin", "RDSproxyadmin", "rdsreplication"),
    *texts("database.master_username", "is a reserved word of MySQL", MASTER, "select", "Table"),
    *ranges("database.backup_retention_days", 1, 35),
    *ranges("database.rotation_days", 1, 90),
    # service
    *word("service.image", IMAGE),
    *texts("service.image", NO_IMAGE, IMAGE, "", "nginx:", "nginx:a:b", "a//b", "x/", "nginx@sha256:xyz", "Nginx", "public.ecr.aws/Nginx/x:1", "a b", "nginx\n"),
    *texts("service.image", "has more than 512 characters", IMAGE, "a" * 513),
    *texts("service.image", "is a web address; leave out what stands before ://", IMAGE, "https://x.example/y"),
    *texts("service.image", f"{ALMOST}, but not quite", IMAGE, *(PRIVATE.replace(old, new) for old, new in (("111", "11"), ("app", "App"), (":1", ":"), (".dkr.ecr", ".dkr.ecr-fips"), (".amazonaws", ".amazon"), ("1.d", "1x.d")))),
    *texts("service.image", "is in eu-central-2, where images are under amazonaws.com", IMAGE, PRIVATE.replace(".com", ".com.cn")),
    *texts("service.image", "is in cn-north-1, where images are under amazonaws.com.cn", IMAGE, PRIVATE.replace("eu-central-2", "cn-north-1")),
    *texts("service.image", "is in eu-centrall-2, which is no region that is known", IMAGE, PRIVATE.replace("eu-central-2", "eu-centrall-2")),
    *word("service.user", USER),
    *texts("service.user", "is root", USER, "root", "Root", "0", "00", "+0", "-0", " 0", "root ", "0:5", "000:5", "root:app"),
    *texts("service.user", "cannot be used", USER, "", "a b", "a:b:c", "-1", "4294967296", "2000000000", "nginx\n", ":5", "5:"),
    *ranges("service.container_port", 1024, 65535),
    *texts("service.health_check_path", "cannot be used", "a path that begins with / and holds no space, at most 1024 characters", "", "health", "/a b", "/é", "/" * 1025),
    *(
        row("service.health_check_command", value, f"{wrong}; allowed: {HEALTH}{now}")
        for value, wrong, now in (
            ('""', "is empty", " (it is '')"),
            ('"  "', "is empty", " (it is '  ')"),
            ("3", "is neither a text nor a list of texts", " (it is 3)"),
            ("true", "is neither a text nor a list of texts", " (it is true)"),
            ("[]", "is no list of texts", " (it is [])"),
            ("[3]", "is no list of texts", " (it is [3])"),
            ('["a", ""]', "is no list of texts", " (it is ['a', ''])"),
            (r'"a\u0000"', "holds a NUL character, which no program can be given", r" (it is 'a\x00')"),
            (r'["a\u0000"]', "holds a NUL character, which no program can be given", r" (it is ['a\x00'])"),
            (json.dumps("a" * 100_000), "has more than 16384 characters", f" (it is {shown('a' * 100_000)})"),
        )
    ),
    row("service.command", "[]", f"has too few items; allowed: {COMMAND} (it is [])"),
    row("service.command", '"a b"', f"is not a list; allowed: {COMMAND} (it is 'a b')"),
    row("service.architecture", '"sparc"', 'is none of the choices; allowed: "x86_64" or "arm64" (it is \'sparc\')'),
    row("service.identity", '"root"', "is none of the choices; allowed: \"application\", \"owner\", \"reader\" or \"none\" (it is 'root')"),
    row("service.start_seconds", "301", "is too large; allowed: a whole number from 0 to 300 (it is 301)"),
    row("service.variables", "3", f"is not a table; allowed: {VARIABLES} (it is 3)"),
    row("service.variables.LOG_LEVEL", "3", f"is not a text in quotes; allowed: {VARIABLES} (it is 3)"),
    Row({'service.variables."A-B"': '"x"'}, f"service.variables.A-B: cannot be used; allowed: {VARIABLES} (it is 'A-B')"),
    *(
        Row({f"service.variables.{name}": json.dumps(value)}, f"service.variables.{name}: looks like a credential, which anybody may read who may describe the task (PCI DSS 8.6.2); allowed: a secret of Secrets Manager, as secrets.{name}, or another name")
        for name, value in (("API_KEY", "abc"), ("SMTP_PASSWORD", "x"), ("DSN", "mysql://app:hunter2@db/shop"), ("AWS", "AKIAIOSFODNN7EXAMPLE"))
    ),
    row("service.variables.DATABASE_HOST", '"db"', "is given by the stack; allowed: any other name", "service.identity"),
    row("service.secrets", "3", f"is not a table; allowed: {SECRETS} (it is 3)"),
    row("service.secrets.KEY", "3", f"is not a table; allowed: {SECRETS} (it is 3)"),
    Row({"service.secrets.KEY": '"x"'}, "service.secrets.KEY.arn: cannot be used; allowed: an ARN with the six characters that Secrets Manager adds to the name (it is 'x')"),
    Row({"service.secrets.KEY": "{json_key = 'a'}"}, "service.secrets.KEY.arn: is missing; allowed: an ARN with the six characters that Secrets Manager adds to the name"),
    Row({"service.secrets.KEY": f"{{arn = '{SECRET}', key = 'a'}}"}, "service.secrets.KEY.key: is no setting; allowed: arn, json_key or kms_key (it is 'a')"),
    Row({"service.secrets.KEY": f"{{arn = '{SECRET}', kms_key = 'a'}}"}, "service.secrets.KEY.kms_key: cannot be used; allowed: arn:aws:kms:<region>:<12 digits>:key/<id> (it is 'a')"),
    row("service.secrets.KEY", json.dumps(SECRET.replace("central-2", "west-1")), f"is a secret of another region, which ECS cannot read; allowed: one of eu-central-2 (it is {shown(SECRET.replace('central-2', 'west-1'))})", "region"),
    Row({"service.secrets.LEVEL": json.dumps(SECRET), "service.variables.LEVEL": '"x"'}, "service.secrets.LEVEL: is a variable too; allowed: one of the two"),
    row("service.permissions", "3", "is not a list; allowed: tables [[...permissions]], each with actions and resources (it is 3)"),
    Row({"service.permissions": "[3]"}, "service.permissions[0]: is not a table; allowed: a table, [service.permissions[0]] (it is 3)"),
    Row({"service.permissions": "[{actions = ['sqs:SendMessage']}]"}, f"service.permissions[0].resources: is missing; allowed: {RESOURCES}"),
    *(
        Row({"service.permissions": f"[{{actions = ['{action}'], resources = ['{QUEUE}']}}]"}, f"service.permissions[0].actions: cannot be used; allowed: {ACTIONS} (it is '{action}')")
        for action in ("*", "sqs:*", "sqs:Send*", "SendMessage")
    ),
    *(
        Row({"service.permissions": f"[{{actions = ['sqs:SendMessage'], resources = ['{name}']}}]"}, f"service.permissions[0].resources: cannot be used; allowed: {RESOURCES} (it is '{name}')")
        for name in ("*", "arn:aws:sqs:eu-central-2:111111111111:*", "arn:aws:s3:::a*/*")
    ),
    Row({"service.permissions": "[{actions = ['s3:GetObject'], resources = ['arn:aws:s3:::files/*']}]"}, "service.permissions[0]: ends a resource with \"/*\" without saying why; allowed: resources by their names, or a reason (it is 'arn:aws:s3:::files/*')"),
    # workers and jobs
    row("workers", "3", "is not a table; allowed: a table [workers.NAME] for each worker; names of a-z, 0-9 and hyphens (it is 3)"),
    row("workers.a", "3", "is not a table; allowed: a table [workers.NAME] for each worker; names of a-z, 0-9 and hyphens (it is 3)"),
    Row({"workers.A": "{}"}, "workers.A: cannot be used; allowed: a table [workers.NAME] for each worker; names of a-z, 0-9 and hyphens (it is 'A')"),
    row("workers.service", "{}", "has the name of the service; allowed: any other name"),
    Row({"workers.a-b": "{}", "jobs.ab": "{}"}, "jobs.ab: differs from a-b by hyphens alone; allowed: a name that reads otherwise"),
    Row({"workers.a": "{}", "jobs.a": "{}"}, "jobs.a: has the name of a worker; allowed: a name that no worker has"),
    Row({"workers.b.container_port": "8080"}, f"workers.b.container_port: is no setting; allowed: {WORKER} (it is 8080)"),
    row("workers.b.desired_count", "-1", "is too small; allowed: a whole number from 0 to 100 (it is -1)"),
    row("workers.b.memory_mib", "513", "does not go with cpu = 256; allowed: 512, 1024 or 2048 (it is 513)", "workers.b.cpu"),
    row("workers.b.variables.TOKEN", '"x"', "looks like a credential, which anybody may read who may describe the task (PCI DSS 8.6.2); allowed: a secret of Secrets Manager, as secrets.TOKEN, or another name"),
    row("jobs.c.when", '"later"', "is none of the choices; allowed: \"before-service\" (it is 'later')"),
    *texts("jobs.c.schedule", "cannot be used", SCHEDULE, "daily", "cron(0 2 * * *)", "rate(1 days)", "rate(0 days)", "at(2027-01-01T00:00:00)"),
    row("jobs.c.timeout_minutes", "15", "is too large; allowed: a whole number from 1 to 14 (it is 15)"),
    row("service.scratch_paths", '"/tmp"', "is not a list; allowed: a list of different absolute paths, such as [\"/tmp\"], none inside another (it is '/tmp')"),
    *(
        row("service.scratch_paths", json.dumps([path]), f"{wrong}; allowed: {PATHS} (it is {shown(path)})")
        for wrong, paths in (
            (NO_PATH, ("", "tmp", "//", "/..", "/.", "/tmp/", "/a//b", "/a/../b", "/a b", "/a:b", "/a\n", "/" + "a" * 255)),
            ("is the root of the filesystem", ("/",)),
            ("belongs to the kernel", ("/proc", "/proc/x", "/sys", "/dev/shm")),
        )
        for path in paths
    ),
    row("service.scratch_paths", '["/a", "/b", "/a"]', "is there more than once; allowed: each once (it is '/a')"),
    row("service.scratch_paths", '["/a", "/b/c", "/a/b"]', "lies inside '/a'; allowed: paths of which none is inside another (it is '/a/b')"),
    *ranges("service.scratch_mib", 1, 4096),
    row("service.scratch_mib", "300", "takes 300 MiB in all, more than half of memory_mib; allowed: at most 256, or more memory_mib (it is 300)", "service.memory_mib", "service.cpu", "service.scratch_paths"),
    row("service.cpu", "300", f"is no size that Fargate has; allowed: {CPU} (it is 300)"),
    *numbers("service.cpu", f"allowed: {CPU}"),
    row("service.memory_mib", "700", "does not go with cpu = 256; allowed: 512, 1024 or 2048 (it is 700)", "service.cpu"),
    row("service.memory_mib", "512", "does not go with cpu = 16384; allowed: 32768 to 122880 in steps of 8192 (it is 512)", service__cpu="16384"),
    *ranges("service.desired_count", 1, 100),
    *ranges("service.max_count", 1, 1000),
    row("service.max_count", "2", "is smaller than desired_count; allowed: at least 5, or a smaller desired_count (it is 2)", service__desired_count="5"),
    # ingress
    Row({"ingress": "{}"}, f"ingress: lacks a certificate; allowed: {EITHER}"),
    Row({"ingress.hosted_zone_id": '"Z1"'}, f"ingress: lacks hosted_zone_name and domain_name; allowed: {EITHER}"),
    Row({"ingress.domain_name": '"pay.example.com"', "ingress.certificate_arn": f'"{ARN}"'}, f"ingress: lacks hosted_zone_id and hosted_zone_name; allowed: {EITHER}", ("region", "account")),
    Row({**HOSTED, "ingress.scheme": '"public"'}, "ingress.scheme: is none of the choices; allowed: \"internet-facing\" or \"internal\" (it is 'public')"),
    Row({**HOSTED, "ingress.allowed_sources": "[]"}, f"ingress.allowed_sources: has too few items; allowed: {SOURCES} (it is [])"),
    *(
        Row({**HOSTED, "ingress.allowed_sources": json.dumps([source])}, f"ingress.allowed_sources: is no IPv4 range, or begins inside one; allowed: ranges such as 203.0.113.0/24 (it is {shown(source)})")
        for source in ("office", "203.0.113.7/24", "::/0")
    ),
    Row({**HOSTED, "ingress.waf_exceptions": "{SizeRestrictions_BODY = 'because'}"}, f"ingress.waf_exceptions.SizeRestrictions_BODY: is too short a text; allowed: {EXCEPTIONS} (it is 'because')"),
    Row({**HOSTED, "ingress.waf_exceptions": "{SizeRestriction_BODY = 'Uploads are larger than that.'}"}, f"ingress.waf_exceptions.SizeRestriction_BODY: is no rule of the web ACL (nearest: SizeRestrictions_BODY, SizeRestrictions_QUERYSTRING, SizeRestrictions_URIPATH); allowed: {EXCEPTIONS} (it is 'SizeRestriction_BODY')"),
    Row({**CARDHOLDER, "service.image": '"app:1"'}, f"service.image: does not go with data_classification = \"cardholder-data\": a tag can be another image tomorrow; allowed: one with its digest, <image>@sha256:<64 hexadecimal digits>, {TEST_DATA} (it is 'app:1')"),
    *word("ingress.certificate_arn", CERTIFICATE),
    *texts("ingress.certificate_arn", "cannot be used", CERTIFICATE, "", ARN.replace("acm", "iam"), ARN.replace("111111111111", "١11111111111")),
    *(
        row("ingress.certificate_arn", f'"{arn}"', f"is a certificate of another region; allowed: one that begins with arn:aws:acm:eu-central-2: (it is {shown(arn)})", "region", "account")
        for arn in (ARN.replace("eu-central-2", "us-east-1"), ARN.replace("aws", "aws-cn"))
    ),
    row("ingress.certificate_arn", f'"{ARN}"', f"is a certificate of another account; allowed: one of account 123456789012 (it is {shown(ARN)})", "region", account='"123456789012"'),
    *(Row({**HOSTED, **each.changes}, each.line) for each in (
        *word("ingress.hosted_zone_id", ZONE_ID),
        *texts("ingress.hosted_zone_id", "cannot be used", ZONE_ID, "", "/hostedzone/Z1", "Z" * 33),
        *texts("ingress.hosted_zone_name", NO_HOST, "a domain such as example.com", "", "com", "a..example.com", "   ", "-a.example.com", "*.example.com", "192.0.2.1", "\u212aa.example", "a" * 64 + ".example"),
        *texts("ingress.domain_name", NO_HOST, DOMAIN, "https://pay.example.com", "a b.example.com", "a..example.com"),
        *texts("ingress.domain_name", "has more than 64 characters, which ACM refuses", DOMAIN, "a" * 60 + ".example.com"),
        row("ingress.domain_name", '"pay.example.org"', "is not inside hosted_zone_name; allowed: example.com, or a name that ends with .example.com (it is 'pay.example.org')"),
        row("ingress.domain_name", '"payexample.com"', "is not inside hosted_zone_name; allowed: example.com, or a name that ends with .example.com (it is 'payexample.com')"),
        *ranges("ingress.rate_limit", 10, 2_000_000),
    )),
    # protection and monitoring
    *flags("protection.keep_data"),
    *flags("protection.deletion_protection"),
    *ranges("protection.key_deletion_window_days", 7, 30),
    row("protection.log_retention_days", "30", "is shorter than 12 months, or no retention that CloudWatch Logs has; allowed: 365, 400, 545, 731, 1096, 1827, 2557 or 3653 days (it is 30)"),
    row("monitoring.emails", '"a@example.com"', "is not a list; allowed: a list of different addresses, such as [\"security@example.com\"] (it is 'a@example.com')"),
    row("monitoring.emails", "[1]", 'is not a text in quotes; allowed: a list of different addresses, such as ["security@example.com"] (it is 1)'),
    *(
        row("monitoring.emails", json.dumps([address]), f"{NO_ADDRESS}; allowed: {ADDRESSES} (it is {shown(address)})")
        for address in ("", "nobody", "a@b", "<script>@x.example", "a@b..example", "a@b.example.", "mailto:a@b.example", ".a@b.example", "a..b@b.example", "a b@c.example", "a@b.example\n", "@b.example", "a" * 65 + "@b.example", "\u212a@b.example")
    ),
    row("monitoring.emails", json.dumps([f"a{number}@b.example" for number in range(101)]), "has 101 addresses, each a resource of the stack, which may have 500; allowed: at most 100; a mailing list is one"),
    row("monitoring.emails", '["a@b.example", "A@b.example"]', "is there more than once; allowed: each once (it is 'a@b.example')"),
    Row({"monitoring.topic_arn": '"x"'}, f"monitoring.topic_arn: cannot be used; allowed: {TOPIC} (it is 'x')"),
    Row({"monitoring.topic_arn": json.dumps(ALARMS.replace("central-2", "west-1"))}, f"monitoring.topic_arn: is a topic of another region, which no alarm can tell; allowed: one of eu-central-2 (it is {shown(ALARMS.replace('central-2', 'west-1'))})", ("region", "monitoring.emails")),
    Row({"monitoring.topic_arn": json.dumps(ALARMS), "monitoring.emails": '["a@b.example"]'}, "monitoring.emails: does not go with topic_arn, whose subscribers are its owner's; allowed: one of the two"),
    row("network.outbound", '"x"', f"is not a list; allowed: {DOMAINS} (it is 'x')"),
    *(
        row("network.outbound", json.dumps([domain]), f"{wrong}; allowed: domains such as api.processor.example or *.example.com (it is {shown(domain)})")
        for domain, wrong in (("a b", NO_HOST), ("*", NO_HOST), ("*.*.example.com", "is no domain"), ("a.*.example.com", "is no domain"), ("https://x.example", NO_HOST))
    ),
    row("network.outbound", '["a.example", "A.example"]', "is there more than once; allowed: each once (it is 'a.example')"),
    row("protection.lock_logs", "true", "does not go with keep_data = false, which deletes logs with the stack; allowed: false, or keep_data = true (it is true)", "protection.keep_data"),
    # operations
    *flags("operations.database_session"),
    *ranges("operations.session_minutes", 5, 480),
    row("operations.session_identity", '"none"', 'is none of the choices; allowed: "reader", "application" or "owner" (it is \'none\')'),
    *texts("operations.session_image", NO_IMAGE, SESSION, "", "a b"),
    row("operations.session_image", "", "is left out, and database_session needs it; allowed: an image with MySQL's client, as docs/database-session.md makes one, or database_session = false", operations__database_session="true"),
    Row({"operations.database_session": "true", "operations.session_image": '"mysql:8"', "network.egress": '"endpoints"', "service.image": f'"{PRIVATE}"'}, "operations.session_image: cannot be reached with egress = \"endpoints\"; allowed: <12 digits>.dkr.ecr.eu-central-2.amazonaws.com/<name>:<tag>, to which it must be copied (it is 'mysql:8')", ("network", "region", "service", "workers", "jobs")),
    Row({**CARDHOLDER, "operations.database_session": "true", "operations.session_image": '"mysql:8"'}, "operations.session_image: does not go with data_classification = \"cardholder-data\": a tag can be another image tomorrow; allowed: one with its digest, <image>@sha256:<64 hexadecimal digits>, or data_classification = \"test-data\" (it is 'mysql:8')", ("network", "region", "service", "workers", "jobs")),
    Row({"operations.database_session": "true", "operations.session_image": '"mysql:8"', "workers.database-session": "{}"}, "workers.database-session: has the name of the database session; allowed: any other name", ("network", "data_classification")),
    # promises
    Row({**CARDHOLDER, "network.outbound": ""}, f"network.outbound: {WEAK} lets tasks reach any address; allowed: the domains that they need, egress = \"endpoints\", PCI-1.3.2-EGRESS-HTTPS-ANYWHERE in [acknowledged] with a reason and a last day (until), {TEST_DATA}", ("network.egress", "acknowledged", "network.outbound")),
    Row({**CARDHOLDER, "monitoring.emails": ""}, f"monitoring.emails: {WEAK} alarms nobody; allowed: an address, or topic_arn, {TEST_DATA}", ("monitoring.emails", "monitoring.topic_arn")),
    Row({**CARDHOLDER, "protection.keep_data": "false"}, f"protection.keep_data: {WEAK} loses it with the stack; allowed: true, {TEST_DATA} (it is false)", ("database.min_capacity",)),
    Row({**CARDHOLDER, "protection.deletion_protection": ""}, f"protection.deletion_protection: {WEAK} lets the stack be deleted; allowed: true, {TEST_DATA} (it is false)", ("database.min_capacity", "protection.deletion_protection")),
    Row({**CARDHOLDER, "database.min_capacity": "0"}, f"database.min_capacity: {WEAK} lets the database pause, and a paused one writes no audit log, so that a failure of the log could not be told; allowed: at least 0.5, {TEST_DATA} (it is 0)"),
    row("acknowledged", "3", f"is not a table; allowed: {REASONS} (it is 3)"),
    row("acknowledged.AURORA-DATA-API", "3", f"is not a table; allowed: {REASONS} (it is 3)"),
    *(
        row("acknowledged.AURORA-VERSION-SUPPORT-ENDED", json.dumps(reason), f"is too short a reason; allowed: at least 20 characters that would convince an assessor (it is {shown(reason.strip())})")
        for reason in ("", "because", "x" + " " * 30)
    ),
    row("acknowledged.AURORA-VERSION-SUPPORT-END", GOOD_REASON, "is no rule of this project; allowed: AURORA-VERSION-SUPPORT-ENDED, AURORA-VERSION-SUPPORT-ENDING or AURORA-VERSION-UNKNOWN"),
    row("acknowledged.AwsSolutions-RDS6", GOOD_REASON, f"is no rule of this project; allowed: {NO_RULE}"),
    row("acknowledged.AURORA-SERVERLESS-V1", GOOD_REASON, f"is fatal: the deployment would fail all the same; allowed: {NO_RULE}"),
    row("acknowledged.NOT-A-RULE", GOOD_REASON, f"is no rule of this project; allowed: {NO_RULE}"),
    Row({'acknowledged."PCI-10.5.1-LOG-RETENTION"': GOOD_REASON}, "acknowledged.'PCI-10.5.1-LOG-RETENTION': is a rule on what no file can accept; allowed: rules on the database and on security groups that are not fatal"),
]
# fmt: on
