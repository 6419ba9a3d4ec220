"""Later changes of settings, to be tried on the production environment.

A setting that is not here is tried with the value that the payments example gives it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final, TypeAlias

SettingValues: TypeAlias = dict[str, Any]
"""Settings as an environment's file has them."""

_IMAGE: Final = "111111111111.dkr.ecr.eu-central-2.amazonaws.com/team/app:2.0"
_SECRET: Final = "arn:aws:secretsmanager:eu-central-2:111111111111:secret:api-a1B2c3"
_KEY: Final = "arn:aws:kms:eu-central-2:111111111111:key/11111111-2222-4333-8444-555555555555"
_TOPIC: Final = "arn:aws:sns:eu-central-2:111111111111:security"
_OTHER_CERTIFICATE: Final = (
    "arn:aws:acm:eu-central-2:111111111111:certificate/11111111-0000-4000-8000-000000000000"
)
_NAMED: Final[SettingValues] = {
    "ingress": {
        "hosted_zone_id": "Z0123456789ABCDEFGHIJ",
        "hosted_zone_name": "example.com",
        "domain_name": "pay.example.com",
    }
}
_QUEUE: Final = {
    "actions": ("sqs:SendMessage",),
    "resources": ("arn:aws:sqs:eu-central-2:111111111111:orders",),
}

BASE: Final[SettingValues] = {
    "jobs": {"migrate": {"command": ("migrate",), "when": "before-service"}},
    "network": {"cidr": "10.0.0.0/16"},
}
"""What is added to the production environment: a release job, which later changes run again."""

_WORKER: Final[SettingValues] = {"workers": {"queue": {"command": ("work",)}}}

OF_TABLE: Final[Mapping[str, SettingValues]] = {
    "service": _WORKER,  # which has its image, user and processor
    "workers": _WORKER,
    "operations": {"operations": {"database_session": True, "session_image": _IMAGE}},
}
"""What is added as well where a setting of a table is tried, so that it changes all it can."""

SAMPLES: Final[Mapping[str, tuple[SettingValues, ...]]] = {
    "region": (
        {"region": "eu-central-1", "network": {"zones": ("eu-central-1a", "eu-central-1b")}},
    ),
    "account": ({"account": "123456789012"},),
    "project": ({"project": "shop"},),
    "data_classification": ({"data_classification": "test-data"},),
    "serves": ({"serves": ("pr*",)},),
    "network.cidr": ({"network": {"cidr": "10.1.0.0/16"}},),
    "network.zones": (
        {"network": {"zones": ("eu-central-2b", "eu-central-2a")}},
        {
            "network": {
                "zones": ("eu-central-2a", "eu-central-2b", "eu-central-2c"),
                "nat_gateways": 3,
            }
        },
    ),
    "network.egress": (
        {"network": {"egress": "endpoints", "nat_gateways": 0}, "service": {"image": _IMAGE}},
    ),
    "network.outbound": ({"network": {"outbound": ("api.processor.example",)}},),
    "network.nat_gateways": ({"network": {"nat_gateways": 1}},),
    "database.engine_version": ({"database": {"engine_version": "8.0.mysql_aurora.3.10.3"}},),
    "database.min_capacity": ({"database": {"min_capacity": 1}},),
    "database.max_capacity": ({"database": {"max_capacity": 16}},),
    "database.auto_pause_seconds": (
        {
            "data_classification": "test-data",
            "database": {"min_capacity": 0, "auto_pause_seconds": 600},
        },
    ),
    "database.readers": ({"database": {"readers": 0}}, {"database": {"readers": 2}}),
    "database.port": ({"database": {"port": 6604}},),
    "database.name": ({"database": {"name": "ledger"}},),
    "database.master_username": ({"database": {"master_username": "ledgerowner"}},),
    "database.snapshot": (
        {"database": {"snapshot": "arn:aws:rds:eu-central-2:111111111111:cluster-snapshot:old"}},
    ),
    "database.slow_query_log": ({"database": {"slow_query_log": True}},),
    "database.backup_retention_days": ({"database": {"backup_retention_days": 14}},),
    "database.rotation_days": ({"database": {"rotation_days": 10}},),
    "database.rotation_hour": ({"database": {"rotation_hour": 4}},),
    "service.image": ({"service": {"image": _IMAGE}},),
    "service.command": ({"service": {"command": ("serve",)}},),
    "service.user": ({"service": {"user": "1000"}},),
    "service.architecture": ({"service": {"architecture": "arm64"}},),
    "service.cpu": ({"service": {"cpu": 1024, "memory_mib": 2048}},),
    "service.memory_mib": ({"service": {"memory_mib": 2048}},),
    "service.scratch_paths": ({"service": {"scratch_paths": ("/tmp", "/var/cache")}},),
    "service.scratch_mib": ({"service": {"scratch_mib": 128}},),
    "service.variables": ({"service": {"variables": {"MODE": "live"}}},),
    "service.secrets": ({"service": {"secrets": {"API_KEY": {"arn": _SECRET}}}},),
    "service.identity": ({"service": {"identity": "reader"}},),
    "service.permissions": ({"service": {"permissions": (_QUEUE,)}},),
    "service.container_port": ({"service": {"container_port": 8081}},),
    "service.health_check_path": ({"service": {"health_check_path": "/health"}},),
    "service.health_check_command": ({"service": {"health_check_command": ("/app/ok",)}},),
    "service.start_seconds": ({"service": {"start_seconds": 60}},),
    "service.desired_count": ({"service": {"desired_count": 3}},),
    "service.max_count": ({"service": {"max_count": 8}},),
    "workers": (
        {"workers": {}},
        {"workers": {"mail": {"command": ("work",)}}},
    ),
    "workers.NAME.command": ({"workers": {"queue": {"command": ("work", "-v")}}},),
    "workers.NAME.desired_count": ({"workers": {"queue": {"desired_count": 2}}},),
    "jobs": ({"jobs": {}}, {"jobs": {"clean": {"command": ("migrate",)}}}),
    "jobs.NAME.command": ({"jobs": {"migrate": {"command": ("migrate", "-v")}}},),
    "jobs.NAME.when": ({"jobs": {"migrate": {"when": None}}},),
    "jobs.NAME.schedule": ({"jobs": {"migrate": {"schedule": "rate(1 day)"}}},),
    "jobs.NAME.timeout_minutes": ({"jobs": {"migrate": {"timeout_minutes": 12}}},),
    "ingress": ({"ingress": None},),
    "ingress.certificate_arn": ({"ingress": {"certificate_arn": _OTHER_CERTIFICATE}},),
    "ingress.domain_name": (_NAMED,),
    "ingress.hosted_zone_id": (_NAMED,),
    "ingress.hosted_zone_name": (_NAMED,),
    "ingress.scheme": ({"ingress": {"scheme": "internal", "allowed_sources": ("10.0.0.0/8",)}},),
    "ingress.allowed_sources": ({"ingress": {"allowed_sources": ("203.0.113.0/24",)}},),
    "ingress.waf_exceptions": (
        {"ingress": {"waf_exceptions": {"SizeRestrictions_BODY": "uploads of scanned invoices"}}},
    ),
    "ingress.rate_limit": ({"ingress": {"rate_limit": 5000}},),
    "protection.keep_data": (
        {"data_classification": "test-data", "protection": {"keep_data": False}},
    ),
    "protection.deletion_protection": (
        {"data_classification": "test-data", "protection": {"deletion_protection": False}},
    ),
    "protection.permissions_boundary": (
        {"protection": {"permissions_boundary": "boundary-of-the-organisation"}},
    ),
    "protection.lock_logs": ({"protection": {"lock_logs": True}},),
    "protection.key_deletion_window_days": ({"protection": {"key_deletion_window_days": 14}},),
    "protection.log_retention_days": ({"protection": {"log_retention_days": 365}},),
    "monitoring.emails": ({"monitoring": {"emails": ("oncall@example.com",)}},),
    "monitoring.topic_arn": ({"monitoring": {"emails": (), "topic_arn": _TOPIC}},),
    "operations.database_session": ({"operations": {"database_session": False}},),
    "operations.session_image": (
        {"operations": {"session_image": "public.ecr.aws/docker/library/mysql:8.4"}},
    ),
    "operations.session_identity": ({"operations": {"session_identity": "application"}},),
    "operations.session_minutes": ({"operations": {"session_minutes": 60}},),
    "acknowledged": (
        {
            "acknowledged": {
                "PCI-1.3.2-EGRESS-HTTPS-ANYWHERE": {"reason": "until the list is known"}
            }
        },
    ),
    "accepted_changes": (
        {
            "accepted_changes": {
                "lifts-protection AWS::RDS::DBCluster": {
                    "reason": "the environment is taken down",
                    "until": date(2027, 6, 30),
                }
            }
        },
    ),
}
