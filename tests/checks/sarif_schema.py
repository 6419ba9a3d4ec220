"""The part of SARIF 2.1.0 that we write, as a JSON Schema of our own; nothing else is allowed.

It is narrower than the published schema, against which the output has been validated too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

Schema: TypeAlias = Mapping[str, object]

TEXT: Final[Schema] = {"type": "string", "minLength": 1}
LEVEL: Final[Schema] = {"enum": ["none", "note", "warning", "error"]}


def closed(*optional: str, **properties: Schema) -> Schema:
    """An object with these properties and no other; those named first may be left out."""
    required = [name for name in properties if name not in optional]
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def several(item: Schema, least: int = 0) -> Schema:
    return {"type": "array", "items": item, "minItems": least}


MESSAGE: Final = closed(text=TEXT)
RULE: Final = closed(
    id=TEXT,
    name={"type": "string", "pattern": "^[A-Za-z0-9]+$"},
    shortDescription=MESSAGE,
    fullDescription=MESSAGE,
    help=closed(text=TEXT, markdown=TEXT),
    defaultConfiguration=closed(level=LEVEL),
    properties=closed(
        "security-severity",
        **{"security-severity": {"type": "string", "pattern": r"^\d+\.\d$"}},
        tags={"type": "array", "items": TEXT, "uniqueItems": True},
    ),
)
LOCATION: Final = closed(
    "logicalLocations",
    physicalLocation=closed(
        artifactLocation=closed(uri={"type": "string", "pattern": r"^[^\s\\]+$"}),
        region=closed(
            startLine={"type": "integer", "minimum": 1},
            startColumn={"type": "integer", "minimum": 1},
        ),
    ),
    logicalLocations=several(closed(fullyQualifiedName=TEXT, kind=TEXT), 1),
)
RESULT: Final = closed(
    "suppressions",
    "baselineState",
    ruleId=TEXT,
    ruleIndex={"type": "integer", "minimum": 0},
    level=LEVEL,
    message=MESSAGE,
    locations={"type": "array", "items": LOCATION, "minItems": 1, "maxItems": 1},
    partialFingerprints={"type": "object", "additionalProperties": TEXT, "minProperties": 1},
    properties={"type": "object"},
    suppressions=several(
        closed(
            kind={"enum": ["inSource", "external"]},
            status={"enum": ["accepted", "underReview", "rejected"]},
            justification=TEXT,
        ),
        1,
    ),
    baselineState={"enum": ["new", "unchanged", "updated", "absent"]},
)
INVOCATION: Final = closed(
    executionSuccessful={"type": "boolean"},
    toolExecutionNotifications=several(closed(level=LEVEL, message=MESSAGE)),
)
RUN: Final = closed(
    tool=closed(driver=closed(name=TEXT, semanticVersion=TEXT, rules=several(RULE))),
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    invocations=several(INVOCATION, 1),
    results=several(RESULT),
)
SARIF: Final = closed(
    **{"$schema": {"type": "string", "pattern": r"^https://.*sarif-schema-2\.1\.0\.json$"}},
    version={"const": "2.1.0"},
    runs=several(RUN, 1),
)
