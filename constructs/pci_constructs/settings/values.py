"""What a single value may be: each function returns the value, or says what is wrong with it.

They raise ``ValueError``; its text is the rest of a sentence that begins with the setting's name.
"""

from __future__ import annotations

import ipaddress
import posixpath
import re
from typing import Final

from pci_constructs.settings.engine import RESERVED_WORDS, mysql_version
from pci_constructs.settings.image import IMAGE, PRIVATE_IMAGE
from pci_constructs.settings.regions import all_zones, regions
from pci_constructs.settings.retention import RETENTIONS
from pci_constructs.settings.waf import MANAGED_RULES
from pci_constructs.settings.words import listed, nearest
from pcistack.mysql import SYSTEM_SCHEMAS
from pcistack.pci_dss.accepted import default_user, root

PRIVATE_RANGES: Final = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
"""RFC 1918, which AWS recommends for a VPC."""

FARGATE_MEMORY: Final = {
    256: (512, 1024, 2048),
    512: range(1024, 4097, 1024),
    1024: range(2048, 8193, 1024),
    2048: range(4096, 16385, 1024),
    4096: range(8192, 30721, 1024),
    8192: range(16384, 61441, 4096),
    16384: range(32768, 122881, 8192),
}
"""Task memory in MiB that Fargate has for each task CPU."""

_USER: Final = r"[A-Za-z_][A-Za-z0-9_.-]{0,31}"
_USER_ID: Final = r"[1-9][0-9]{0,8}|1[0-9]{9}"  # 31 bits
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST: Final = rf"(?=.{{1,253}}$)(?:{_LABEL}\.)+(?=[a-z]){_LABEL}"
_MAILBOX: Final = r"(?=.{1,64}@)(?:[a-z0-9!#$%&'*+/=?^_`{|}~-]+\.)*[a-z0-9!#$%&'*+/=?^_`{|}~-]+"


ARN: Final = (
    r"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:(?:[0-9]{12})?:[^*?\s]*[^*?\s/:](?:/[^*?\s]*)?(?:/\*)?"
)
"""An ARN whose only wildcard may be a last ``/*``."""

SECRET_ARN: Final = (
    r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]{1,512}"
    r"-[A-Za-z0-9]{6}"
)
TOPIC_ARN: Final = r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}"
SNAPSHOT_ARN: Final = (
    r"arn:aws[a-z-]*:rds:[a-z0-9-]+:[0-9]{12}:cluster-snapshot:(rds:)?[A-Za-z][A-Za-z0-9-]{0,254}"
)
KEY_ARN: Final = r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]{1,64}"
SCHEDULE: Final = (
    r"cron\([0-9A-Za-z*?/,#-]+( [0-9A-Za-z*?/,#-]+){5}\)"
    r"|rate\((1 (minute|hour|day)|(?!1 )[1-9][0-9]{0,3} (minute|hour|day)s)\)"
)
"""Schedule expressions of EventBridge Scheduler that come back."""


def region(value: str) -> str:
    """A region that the facts know."""
    if value not in regions():
        close = nearest(value, regions())
        hint = f" (nearest: {', '.join(close)})" if close else ""
        raise ValueError(f"is no region that is known{hint}")
    return value


def zone(value: str) -> str:
    """An availability zone that the facts know."""
    if value not in all_zones():
        raise ValueError("is no availability zone that is known")
    return value


def vpc_cidr(value: str) -> str:
    """A private range that AWS accepts for a VPC and that holds the subnets of three zones."""
    try:
        network = ipaddress.IPv4Interface(value).network
    except ValueError:
        raise ValueError("is no IPv4 range") from None
    if not any(network.subnet_of(ipaddress.IPv4Network(wide)) for wide in PRIVATE_RANGES):
        raise ValueError("is not private")
    if not 16 <= network.prefixlen <= 22:
        raise ValueError(f"is a /{network.prefixlen}")
    if value.partition("/")[0] != str(network.network_address):
        raise ValueError(f"begins inside {network}, not at its start")
    return str(network)


def half_steps(value: float) -> float:
    """A capacity in steps of 0.5 ACU."""
    if value * 2 != int(value * 2):
        raise ValueError("is not a multiple of 0.5")
    return value


def engine_version(value: str) -> str:
    """A full Aurora MySQL version."""
    try:
        mysql_version(value)
    except ValueError:
        raise ValueError("is not an Aurora MySQL version") from None
    return value


def not_mysql_port(value: int) -> int:
    """Any port but the one that everybody tries."""
    if value == 3306:
        raise ValueError("is MySQL's well-known port")
    return value


def database_name(value: str) -> str:
    """A database that MySQL does not have already; RDS refuses reserved words."""
    if value in SYSTEM_SCHEMAS:
        raise ValueError("is a database that MySQL has already")
    if value in RESERVED_WORDS:
        raise ValueError("is a reserved word of MySQL")
    return value


def master_username(value: str) -> str:
    """A user of one's own; RDS refuses reserved words and the names of its own accounts."""
    name = value.lower()
    if name.startswith("rds"):
        raise ValueError("begins as the accounts of RDS itself do")
    if default_user(name):
        raise ValueError("is a default account (PCI DSS 2.2.2)")
    if name in RESERVED_WORDS:
        raise ValueError("is a reserved word of MySQL")
    return value


def image(value: str) -> str:
    """The name of an image; one that looks private must be recognised as such when it is pulled."""
    if "://" in value:
        raise ValueError("is a web address; leave out what stands before ://")
    if len(value) > 512:
        raise ValueError("has more than 512 characters")
    private = PRIVATE_IMAGE.fullmatch(value)
    if private is None:
        if re.search(r"\.dkr[.-]ecr", value.partition("/")[0].lower()):
            raise ValueError("is almost an image of a private ECR repository, but not quite")
        if IMAGE.fullmatch(value) is None:
            raise ValueError("is not the name of an image")
        return value
    home = regions().get(private["region"])
    if home is None:
        raise ValueError(f"is in {private['region']}, which is no region that is known")
    if private["domain"] != home.domain:
        raise ValueError(f"is in {private['region']}, where images are under {home.domain}")
    return value


def container_user(value: str) -> str:
    """A user, with or without a group, that is not root in any spelling."""
    if value.partition(":")[0].strip() and root(value):
        raise ValueError("is root")
    if re.fullmatch(f"({_USER}|{_USER_ID})(:({_USER}|{_USER_ID}|0))?", value) is None:
        raise ValueError("cannot be used")
    return value


LONGEST_COMMAND: Final = 16_384
"""Characters of a command: a quarter of the 64 KB that ECS takes as a task definition."""


def command(value: object) -> object:
    """A command of a shell, or a list of words that runs without one."""
    if isinstance(value, str):
        if not value.strip():
            raise ValueError("is empty")
        _fits(value)
        return value
    if not isinstance(value, list | tuple):
        raise ValueError("is neither a text nor a list of texts")
    if not value or not all(isinstance(word, str) and word for word in value):
        raise ValueError("is no list of texts")
    _fits("".join(value))
    return tuple(value)


def _fits(text: str) -> None:
    if "\0" in text:
        raise ValueError("holds a NUL character, which no program can be given")
    if len(text) > LONGEST_COMMAND:
        raise ValueError(f"has more than {LONGEST_COMMAND} characters")


def scratch_path(value: str) -> str:
    """A normal absolute path at which a tmpfs can be mounted."""
    normal = value.startswith("/") and value[:2] != "//" and posixpath.normpath(value) == value
    if not normal or len(value) > 255 or not value.isprintable() or {" ", ":"} & {*value}:
        raise ValueError("is not a plain absolute path")
    if value == "/":
        raise ValueError("is the root of the filesystem")
    if value.split("/")[1] in ("proc", "sys", "dev"):
        raise ValueError("belongs to the kernel")
    return value


def fargate_cpu(value: int) -> int:
    """A task CPU that Fargate has."""
    if value not in FARGATE_MEMORY:
        raise ValueError("is no size that Fargate has")
    return value


def memory_sizes(cpu: int) -> str:
    """Say which task memory Fargate has for a task CPU."""
    sizes = FARGATE_MEMORY[cpu]
    if isinstance(sizes, range):
        return f"{sizes.start} to {sizes[-1]} in steps of {sizes.step}"
    return listed(map(str, sizes))


def host_name(value: str) -> str:
    """A host name; it is returned in lower case and without the dot that may end it."""
    name = value.removesuffix(".").lower()
    if not value.isascii() or re.fullmatch(_HOST, name) is None:
        raise ValueError("is no host name")
    return name


def domain(value: str) -> str:
    """A host name, or ``*.`` and a domain for all names in it."""
    star, _, name = value.rpartition("*.")
    if star or value.count("*") > 1:
        raise ValueError("is no domain")
    return f"{'*.' if '*' in value else ''}{host_name(name)}"


def common_name(value: str) -> str:
    """A host name that ACM takes; see its RequestCertificate."""
    name = host_name(value)
    if len(name) > 64:
        raise ValueError("has more than 64 characters, which ACM refuses")
    return name


def source_range(value: str) -> str:
    """An IPv4 range that begins at its start."""
    try:
        return str(ipaddress.IPv4Network(value))
    except ValueError:
        raise ValueError("is no IPv4 range, or begins inside one") from None


def managed_rule(value: str) -> str:
    """A rule of the managed groups that the web ACL has."""
    if not any(value in rules for rules in MANAGED_RULES.values()):
        close = nearest(value, [name for rules in MANAGED_RULES.values() for name in rules])
        hint = f" (nearest: {', '.join(close)})" if close else ""
        raise ValueError(f"is no rule of the web ACL{hint}")
    return value


def retention(value: int) -> int:
    """Days for which CloudWatch Logs can keep logs, and which PCI DSS 10.5.1 allows."""
    if value not in RETENTIONS:
        raise ValueError("is shorter than 12 months, or no retention that CloudWatch Logs has")
    return value


def email(value: str) -> str:
    """An e-mail address without the rarer forms of RFC 5321; it is returned in lower case."""
    address = value.lower()
    if (
        len(address) > 254
        or not value.isascii()
        or re.fullmatch(f"{_MAILBOX}@{_HOST}", address) is None
    ):
        raise ValueError("is no e-mail address")
    return address
