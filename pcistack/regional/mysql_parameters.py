"""MySQL 5.6 and 5.7 parameters that Aurora MySQL 3 (MySQL 8.0) does not have any more.

Sources: Aurora User Guide, "Comparing Aurora MySQL version 2 and Aurora MySQL version 3", and the
MySQL 8.0 Reference Manual, "Server and status variables and options removed in MySQL 8.0".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

REMOVED: Final[Mapping[str, str]] = {
    "aurora_lab_mode": "",
    "date_format": "",
    "datetime_format": "",
    "ignore_builtin_innodb": "",
    "ignore_db_dirs": "",
    "innodb_file_format": "",
    "innodb_file_format_check": "",
    "innodb_file_format_max": "",
    "innodb_large_prefix": "",
    "innodb_locks_unsafe_for_binlog": "transaction_isolation",
    "innodb_support_xa": "",
    "innodb_undo_logs": "innodb_rollback_segments",
    "internal_tmp_disk_storage_engine": "",
    "log_builtin_as_identified_by_password": "",
    "log_warnings": "log_error_verbosity",
    "max_tmp_tables": "",
    "metadata_locks_cache_size": "",
    "metadata_locks_hash_instances": "",
    "multi_range_count": "",
    "old_passwords": "",
    "query_cache_limit": "",
    "query_cache_min_res_unit": "",
    "query_cache_size": "",
    "query_cache_type": "",
    "query_cache_wlock_invalidate": "",
    "secure_auth": "",
    "show_compatibility_56": "",
    "sync_frm": "",
    "time_format": "",
    "tx_isolation": "transaction_isolation",
    "tx_read_only": "transaction_read_only",
}
"""Parameters that are gone, with the one to use instead; empty if there is none."""

REMOVED_SQL_MODE: Final = "NO_AUTO_CREATE_USER"
"""An sql_mode of 5.7 that keeps a MySQL 8.0 server from accepting the parameter."""
