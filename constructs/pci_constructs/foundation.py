"""What every construct stands on: names, place, protection and keys, handed on as one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pci_constructs.names import Names
from pci_constructs.place import Place
from pci_constructs.settings.protection import ProtectionSettings

if TYPE_CHECKING:
    from pci_constructs.encryption import Encryption


@dataclass(frozen=True, slots=True, kw_only=True)
class Foundation:
    """What the constructs of one stack have in common.

    Attributes:
        names: Gives every physical name.
        place: Partition, region and account.
        protection: What happens to data at the end, and how long logs are kept.
        keys: The keys, one per purpose.
    """

    names: Names
    place: Place
    protection: ProtectionSettings
    keys: Encryption
