"""Reading the properties of one resource strictly: each is read, or the resource is refused."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager


class PropertyError(ValueError):
    """A property that CloudFormation or the service would refuse."""


class Properties:
    """The properties of one resource, or of one object inside it.

    Every property must be read before the reader is closed. An unread one is refused, so that no
    handler can silently ignore what a template asks for.
    """

    def __init__(self, values: Mapping[str, object], path: str = "#") -> None:
        """Read ``values``; ``path`` is where they stand, as CloudFormation writes it."""
        self._values = values
        self._path = path
        self._unread = set(values)

    @classmethod
    @contextmanager
    def read(cls, values: Mapping[str, object]) -> Iterator[Properties]:
        """Yield a reader and refuse what it has left unread.

        Raises:
            PropertyError: A property was not read.
        """
        properties = cls(values)
        yield properties
        properties.close()

    def close(self) -> None:
        """Refuse properties that nobody read.

        Raises:
            PropertyError: At least one is left.
        """
        if self._unread:
            names = ", ".join(sorted(self._unread))
            raise PropertyError(f"{self._path}: extraneous key [{names}] is not permitted")

    def text(self, name: str, *, allowed: Collection[str] = (), pattern: str = "") -> str:
        """Return a required text.

        Raises:
            PropertyError: It is missing, not a text, or outside ``allowed`` or ``pattern``.
        """
        value = self.optional_text(name, allowed=allowed, pattern=pattern)
        if value is None:
            raise PropertyError(
                f"Model validation failed ({self._path}: required key [{name}] not found)"
            )
        return value

    def optional_text(
        self, name: str, *, allowed: Collection[str] = (), pattern: str = ""
    ) -> str | None:
        """Return a text, or None where the template has none.

        Raises:
            PropertyError: It is not a text, or outside ``allowed`` or ``pattern``.
        """
        value = self.take(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, str | int | float) or value == "":
            raise self._wrong(name, f"expected a non-empty String, found: {value!r}")
        text = str(value)
        if allowed and text not in allowed:
            options = ", ".join(sorted(allowed))
            raise self._wrong(name, f"#{text} is not a valid enum value: [{options}]")
        if pattern and not re.fullmatch(pattern, text):
            raise self._wrong(name, f"{text} does not match pattern {pattern}")
        return text

    def number(self, name: str, *, minimum: float, maximum: float) -> float:
        """Return a required number within its bounds, both included.

        Raises:
            PropertyError: It is missing, not a number, or out of bounds.
        """
        value = self.optional_number(name, minimum=minimum, maximum=maximum)
        if value is None:
            raise PropertyError(
                f"Model validation failed ({self._path}: required key [{name}] not found)"
            )
        return value

    def optional_number(self, name: str, *, minimum: float, maximum: float) -> float | None:
        """Return a number within its bounds, both included, or None.

        Raises:
            PropertyError: It is not a number, or out of bounds.
        """
        value = self.take(name)
        if value is None:
            return None
        try:
            number = float(value) if isinstance(value, str | int | float) else None
        except ValueError:
            number = None
        if number is None or isinstance(value, bool):
            raise self._wrong(name, f"expected a Number, found: {value!r}")
        if not minimum <= number <= maximum:
            raise self._wrong(name, f"{number:g} is not between {minimum:g} and {maximum:g}")
        return number

    def optional_integer(self, name: str, *, minimum: int, maximum: int) -> int | None:
        """Return an integer within its bounds, both included, or None.

        Raises:
            PropertyError: It is not an integer, or out of bounds.
        """
        number = self.optional_number(name, minimum=minimum, maximum=maximum)
        if number is not None and not number.is_integer():
            raise self._wrong(name, f"expected an Integer, found: {number:g}")
        return None if number is None else int(number)

    def flag(self, name: str, *, default: bool) -> bool:
        """Return a boolean; a template may write it as the text ``true`` or ``false``.

        Raises:
            PropertyError: It is neither.
        """
        value = self.take(name)
        if value is None:
            return default
        if str(value).lower() not in {"true", "false"}:
            raise self._wrong(name, f"expected a Boolean, found: {value!r}")
        return str(value).lower() == "true"

    def texts(self, name: str, *, required: bool = False) -> list[str]:
        """Return a list of texts; empty where the template has none and none is required.

        Raises:
            PropertyError: It is missing though required, or holds something else.
        """
        value = self.take(name)
        if value is None and not required:
            return []
        if not isinstance(value, list) or (required and not value):
            raise self._wrong(name, f"expected a list of String, found: {value!r}")
        if not all(isinstance(item, str) and item for item in value):
            raise self._wrong(name, f"expected a list of String, found: {value!r}")
        return [str(item) for item in value]

    def document(self, name: str) -> Mapping[str, object] | None:
        """Return an object as it is, for a service whose API model checks every member.

        Raises:
            PropertyError: It is not an object.
        """
        value = self.take(name)
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise self._wrong(name, f"expected an Object, found: {value!r}")
        return {str(key): item for key, item in value.items()}

    def documents(self, name: str) -> list[Mapping[str, object]]:
        """Return a list of objects as they are; empty where the template has none.

        Raises:
            PropertyError: It is not a list of objects.
        """
        value = self.take(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
            raise self._wrong(name, f"expected a list of Object, found: {value!r}")
        return [{str(key): member for key, member in item.items()} for item in value]

    def tags(self, name: str = "Tags") -> list[dict[str, str]]:
        """Return the tags, without those that only AWS may set.

        Raises:
            PropertyError: A tag has no key or no value.
        """
        tags: list[dict[str, str]] = []
        for item in self.documents(name):
            if set(item) != {"Key", "Value"}:
                raise self._wrong(name, f"a tag has a Key and a Value, found: {dict(item)!r}")
            if not str(item["Key"]).startswith("aws:"):
                tags.append({"Key": str(item["Key"]), "Value": str(item["Value"])})
        return tags

    def take(self, name: str) -> object:
        """Return a property as it is and count it as read; whoever takes it checks it."""
        self._unread.discard(name)
        return self._values.get(name)

    def take_all(self, names: Collection[str]) -> dict[str, object]:
        """Return those of some properties that are there; whoever takes them checks them."""
        given = {name: self.take(name) for name in names}
        return {name: value for name, value in given.items() if value is not None}

    def _wrong(self, name: str, message: str) -> PropertyError:
        return PropertyError(f"Model validation failed ({self._path}/{name}: {message})")
