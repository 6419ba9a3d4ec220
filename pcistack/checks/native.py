"""The library of CloudFormation Validate, called without the Python bindings around it.

To import the bindings takes as long as to import all rules, and nothing starts until then. Here
the library starts in a thread that needs no Python, while the rules are imported and run. What it
hands over is laid out as in :data:`VERSION`, which the extra ``schema`` pins; a test compares it
with what the bindings read.
"""

from __future__ import annotations

import ctypes
import struct
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from pcistack.checks.diagnostics import LEVELS, Diagnostic, EngineError, Reader

PACKAGE: Final = "cloudformation-validate"
VERSION: Final = "1.14.0"
_MODULE: Final = "cloudformation_validate"
_FUNCTION: Final = "uniffi_bindings_python_fn_"
_WARNING: Final = LEVELS.index("warning")
_TOP_PAD: Final = -2  # of malloc.h
_STANDARD: Final = 1
"""Detail of a report: without the values and addresses that no finding shows."""


def is_installed() -> bool:
    """Whether the package is there."""
    return find_spec(_MODULE) is not None


@cache
def native() -> Native:
    """Return the engine of this process; the first call starts it."""
    return Native()


class Native:
    """The engine, which starts in a thread of its own."""

    def __init__(self) -> None:
        """Begin to start it."""
        self._library: _Library | None = None
        self._handle = 0
        self._failure = ""
        # a daemon, which the end of the process does not wait for: bad input needs no engine.
        # Nor is the engine ever freed, which takes as long as a template
        self._thread = threading.Thread(target=self._start, daemon=True)
        self._thread.start()

    def _start(self) -> None:
        try:
            self._library = _Library()
            settings = _number(0) * 2 + b"\0"  # no rules and no schemas but its own
            self._handle = self._library.number("constructor_pycelengine_new", settings)
        except (EngineError, OSError) as error:
            self._failure = str(error)

    def judge(
        self, text: str, region: str | None, parameters: Mapping[str, str]
    ) -> list[Diagnostic]:
        """Return what the engine says of a template, warnings and worse.

        Raises:
            EngineError: It could not judge.
        """
        self._thread.join()
        if self._library is None or not self._handle:
            raise EngineError(self._failure or "its engine did not start")
        own = self._library.number("clone_pycelengine", self._handle)  # a call uses it up
        report = self._library.content(
            "method_pycelengine_validate_template",
            own,
            _text(text),
            _settings(region, parameters),
            b"template.json",
        )
        return Reader(report).report()


def take_memory_in_large_pieces() -> None:
    """Let glibc give a thread that starts from now on memory by 64 MB.

    The engine fills 250 MB, which else grow by a page: 24,000 calls of the kernel, a sixth of the
    time of a check. A synthesis, which has more to do meanwhile, gains nothing.
    """
    with suppress(OSError, AttributeError, TypeError):  # another C library
        ctypes.CDLL(None).mallopt(_TOP_PAD, 64 * 2**20)


class _Buffer(ctypes.Structure):
    """Bytes that the library owns."""

    _fields_ = (
        ("capacity", ctypes.c_uint64),
        ("length", ctypes.c_uint64),
        ("data", ctypes.c_void_p),
    )


class _Status(ctypes.Structure):
    """How a call ended: 0 well, 1 with an error, 2 in a way that the library did not foresee."""

    _fields_ = (("code", ctypes.c_int8), ("error", _Buffer))


class _Library:
    """The library's functions by their names."""

    def __init__(self) -> None:
        """Load it.

        Raises:
            EngineError: It is not there for this machine, or of another version.
            OSError: It cannot be loaded.
        """
        spec = find_spec(_MODULE)
        if spec is None:
            raise EngineError(f"{PACKAGE} is not installed")
        roots = spec.submodule_search_locations or ()
        found = [file for root in roots for file in Path(root).glob("natives/*/*bindings_python.*")]
        if len(found) != 1:
            raise EngineError(f"{PACKAGE} has no library for this machine")
        self._loaded = ctypes.CDLL(str(found[0]))
        version = self.content("func_version").decode()
        if version != VERSION:
            raise EngineError(f"{PACKAGE} {version} is installed; it has to be {VERSION}")

    def number(self, name: str, *arguments: int | bytes) -> int:
        """Call a function that returns a number."""
        number = self._call(f"{_FUNCTION}{name}", ctypes.c_uint64, *self._given(arguments))
        assert isinstance(number, int)
        return number

    def content(self, name: str, *arguments: int | bytes) -> bytes:
        """Call a function that returns bytes."""
        return self._taken(self._call(f"{_FUNCTION}{name}", _Buffer, *self._given(arguments)))

    def _given(self, arguments: Iterable[int | bytes]) -> Iterator[object]:
        """Yield what the library takes: bytes become its own."""
        for argument in arguments:
            size = ctypes.c_uint64(argument if isinstance(argument, int) else len(argument))
            if isinstance(argument, int):
                yield size
                continue
            buffer = self._call("ffi_bindings_python_rustbuffer_alloc", _Buffer, size)
            assert isinstance(buffer, _Buffer)
            ctypes.memmove(buffer.data, argument, len(argument))
            buffer.length = len(argument)
            yield buffer

    def _taken(self, buffer: object) -> bytes:
        assert isinstance(buffer, _Buffer)
        content = ctypes.string_at(buffer.data, buffer.length) if buffer.length else b""
        self._call("ffi_bindings_python_rustbuffer_free", None, buffer)
        return content

    def _call(self, name: str, kind: type | None, *arguments: object) -> object:
        try:
            function = self._loaded[name]
        except AttributeError:
            raise EngineError(f"the library of {PACKAGE} has no {name}") from None
        function.restype = kind
        status = _Status()
        result: object = function(*arguments, ctypes.byref(status))
        if status.code:
            raise EngineError(Reader(self._taken(status.error)).error(status.code))
        return result


def _number(value: int) -> bytes:
    return struct.pack(">i", value)


def _text(value: str) -> bytes:
    content = value.encode(errors="replace")  # half a pair of surrogates is no text
    return _number(len(content)) + content


def _settings(region: str | None, parameters: Mapping[str, str]) -> bytes:
    """Return the settings of one judgement, as the library reads them."""
    no_filter = _number(0) * 8
    given = b"".join(_text(name) + _text(value) for name, value in parameters.items())
    return b"".join(
        (
            no_filter * 2,  # rules to include, rules to exclude
            b"\1" + _number(_STANDARD),
            b"\1" + _number(_WARNING),
            _number(len(parameters)) + given,
            b"\0" * 3,  # account, ARNs of notifications, partition
            b"\0" if region is None else b"\1" + _text(region),
            b"\0" * 3,  # stack's id and name, suffix of addresses
            b"\0" * 2,  # strict, without its own rules
        )
    )
