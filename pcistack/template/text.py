"""Edit a template's text in place: only what is asked for changes, every other byte stays.

The text is parsed for the positions of its nodes; an edit replaces exactly the characters of the
entry that it names. Comments, key order, quoting, short-form tags, indentation and line endings
of everything else are therefore kept, in YAML and in JSON alike.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast

from pcistack.template.document import Json, KeyPath, TemplateError

if TYPE_CHECKING:
    import yaml

_ESCAPE: Final = re.compile(r"\\(?:u[0-9a-fA-F]{4}|.)")
_NOT_PLAIN_ASCII: Final = re.compile(r"[^\x20-\x7e\r\n]")


@dataclass(slots=True)
class _Edits:
    """What is to change in one mapping, by key."""

    removed: set[str] = field(default_factory=set)
    renamed: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    inserted: dict[str, list[tuple[str, Json]]] = field(default_factory=dict)


class TemplateText:
    """The text of a template, with edits by path.

    Edits are collected and applied together by :meth:`edited`. A path is the keys from the top,
    such as ``("Resources", "Cluster", "Properties")``.

    Attributes:
        text: The text as it was given.
        is_json: Whether the text is JSON; else it is YAML.
    """

    def __init__(self, text: str) -> None:
        """Parse the text.

        Raises:
            TemplateError: The text is neither JSON nor YAML.
        """
        import yaml

        self.text = text
        self.is_json = _is_json(text)
        self._newline = "\r\n" if "\r\n" in text else "\n"
        loader = cast("type[yaml.SafeLoader]", getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        try:
            root = yaml.compose(_masked(text) if self.is_json else text, Loader=loader)
        except (yaml.YAMLError, RecursionError, ValueError) as error:
            raise TemplateError(f"template: {str(error).splitlines()[0]}") from None
        if not isinstance(root, yaml.MappingNode):
            raise TemplateError("template: the document must be an object")
        self._root = root
        self._edits: dict[KeyPath, _Edits] = {}

    def keys(self, path: KeyPath) -> list[str]:
        """Return the keys of the mapping at a path; empty if there is no mapping."""
        node = self._node(path)
        return [] if node is None else list(_entries(node))

    def remove(self, path: KeyPath) -> None:
        """Remove an entry with its value and the comments on its lines."""
        self._at(path).removed.add(path[-1])

    def rename(self, path: KeyPath, key: str) -> None:
        """Give an entry another key; its value stays."""
        self._at(path).renamed[path[-1]] = key

    def set(self, path: KeyPath, value: str | float | bool) -> None:
        """Replace the value of an entry; a scalar keeps its quoting."""
        import yaml

        node = self._value_node(path)
        if isinstance(node, yaml.ScalarNode) and node.style not in ("|", ">"):
            self._at(path).values[path[-1]] = self._like(node, value)
        else:
            self.remove(path)
            self.insert(path, value, after=path[-1])

    def set_item(self, path: KeyPath, index: int, value: str) -> None:
        """Replace one scalar of the list at a path."""
        import yaml

        node = self._value_node(path)
        assert isinstance(node, yaml.SequenceNode)
        item = node.value[index]
        self._at((*path, str(index))).values[str(index)] = self._like(item, value)

    def insert(self, path: KeyPath, value: Json, *, after: str) -> None:
        """Add an entry behind another one of the same mapping."""
        self._at(path).inserted.setdefault(after, []).append((path[-1], value))

    def edited(self) -> str:
        """Return the text with all edits applied."""
        edits = [
            (edit, len(path))
            for path, changes in self._edits.items()
            for edit in self._edits_of(path, changes)
        ]
        text = self.text
        # from the end, so that positions stay true; at one position the deepest goes first
        for (start, end, new), _ in sorted(edits, key=lambda e: (-e[0][0], -e[0][1], e[1])):
            text = text[:start] + new + text[end:]
        return text

    # Positions

    def _at(self, path: KeyPath) -> _Edits:
        return self._edits.setdefault(path[:-1], _Edits())

    def _node(self, path: KeyPath) -> yaml.MappingNode | None:
        import yaml

        node: yaml.Node = self._root
        for key in path:
            found = _entries(node).get(key) if isinstance(node, yaml.MappingNode) else None
            if found is None:
                return None
            node = found[1]
        return node if isinstance(node, yaml.MappingNode) else None

    def _value_node(self, path: KeyPath) -> yaml.Node:
        parent = self._node(path[:-1])
        assert parent is not None
        return _entries(parent)[path[-1]][1]

    def _edits_of(self, path: KeyPath, changes: _Edits) -> list[tuple[int, int, str]]:
        import yaml

        holder = self._node(path)
        if holder is None:
            node = self._value_node(path)
            assert isinstance(node, yaml.SequenceNode)
            return [
                (node.value[int(i)].start_mark.index, node.value[int(i)].end_mark.index, value)
                for i, value in changes.values.items()
            ]
        entries = _entries(holder)
        edits: list[tuple[int, int, str]] = []
        for key, name in changes.renamed.items():
            node = entries[key][0]
            text = self._key(self.text[node.start_mark.index : node.end_mark.index], name)
            edits.append((node.start_mark.index, node.end_mark.index, text))
        for key, value in changes.values.items():
            node = entries[key][1]
            edits.append((node.start_mark.index, node.end_mark.index, value))
        layout = self._in_flow if holder.flow_style else self._in_block
        return edits + layout(holder, changes)

    # YAML block style: one entry per line

    def _in_block(self, holder: yaml.MappingNode, changes: _Edits) -> list[tuple[int, int, str]]:
        entries = _entries(holder)
        edits: list[tuple[int, int, str]] = []
        for key in changes.removed:
            start = self._line_start(entries[key][0].start_mark.index)
            edits.append((start, self._block_end(entries[key]), ""))
        for key, added in changes.inserted.items():
            end = self._block_end(entries[key])
            column = entries[key][0].start_mark.column
            blank = self._newline if self._blank_lines_between(holder) else ""
            lines = [
                f"{blank}{' ' * column}{name}:{self._block(value, column, self._step(holder))}"
                for name, value in added
            ]
            text = self._newline.join(lines) + self._newline
            if end == len(self.text) and not self.text.endswith("\n"):
                text = self._newline + text.removesuffix(self._newline)
            edits.append((end, end, text))
        return edits

    def _block_end(self, entry: tuple[yaml.Node, yaml.Node]) -> int:
        """Return where the line behind an entry and its own comments begins."""
        end = self._next_line(max(self._end(entry[1]), entry[0].end_mark.index))
        deeper = re.compile(rf"[ ]{{{entry[0].start_mark.column + 1},}}#")
        while deeper.match(self.text, end):
            end = self._next_line(end)
        return end

    def _end(self, node: yaml.Node) -> int:
        """Return the position behind a node's last character; a block's own mark is too far."""
        import yaml

        start, end = node.start_mark.index, node.end_mark.index
        if isinstance(node, yaml.ScalarNode):
            return start + len(self.text[start:end].rstrip()) if node.style in ("|", ">") else end
        if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
            last = node.value[-1]
            return self._end(last[1] if isinstance(last, tuple) else last)
        return end

    def _block(self, value: Json, column: int, step: int) -> str:
        """Render a value behind its key's colon."""
        if isinstance(value, dict) and len(value) == 1:
            (key, argument), *_ = value.items()
            if key == "Ref" and isinstance(argument, str) and self._uses_short_forms():
                return f" !Ref {argument}"
            if key.startswith("Fn::"):
                return f" {json.dumps(value)}"
        if isinstance(value, dict):
            indent = " " * (column + step)
            return "".join(
                f"{self._newline}{indent}{key}:{self._block(item, column + step, step)}"
                for key, item in value.items()
            )
        return f" {self._scalar(value, None)}"

    def _blank_lines_between(self, holder: yaml.MappingNode) -> bool:
        if holder is not self._node(("Resources",)):
            return False
        return any(
            re.search(r"\n[ \t]*\r?\n", self.text[self._end(value) : key.start_mark.index])
            for (_, value), (key, _) in itertools.pairwise(_entries(holder).values())
        )

    def _step(self, holder: yaml.MappingNode) -> int:
        import yaml

        for key, value in _entries(holder).values():
            if isinstance(value, yaml.MappingNode) and not value.flow_style:
                return int(value.start_mark.column - key.start_mark.column)
        return 2

    def _uses_short_forms(self) -> bool:
        return not re.search(r"""(?m)^[ \t]*(- )?["']?(Ref|Fn::\w+)["']?\s*:""", self.text) or bool(
            re.search(r"(?m)[:\-\[,]\s+!(Ref|Sub|GetAtt)\b", self.text)
        )

    # JSON, and YAML between braces

    def _in_flow(self, holder: yaml.MappingNode, changes: _Edits) -> list[tuple[int, int, str]]:
        entries = list(_entries(holder).items())
        survives = [key not in changes.removed or key in changes.inserted for key, _ in entries]
        edits: list[tuple[int, int, str]] = []
        for position, (key, (key_node, value_node)) in enumerate(entries):
            parts = [
                self._flow_entry(holder, name, value)
                for name, value in changes.inserted.get(key, [])
            ]
            start, end = key_node.start_mark.index, value_node.end_mark.index
            if key not in changes.removed:
                text = "".join(self._separator(holder) + part for part in parts)
                edits.append((end, end, text))
                continue
            if not parts and any(survives[position + 1 :]):
                end = entries[position + 1][1][0].start_mark.index
            elif not parts and position > 0:
                start = entries[position - 1][1][1].end_mark.index
            edits.append((start, end, self._separator(holder).join(parts)))
        return [edit for edit in edits if edit[0] != edit[1] or edit[2]]

    def _flow_entry(self, holder: yaml.MappingNode, name: str, value: Json) -> str:
        (key, content), *_ = _entries(holder).values()
        colon = self.text[key.end_mark.index : content.start_mark.index]
        written = self._key(self.text[key.start_mark.index : key.end_mark.index], name)
        outer = self._leading(key.start_mark.index)
        step = self._flow_step(holder)
        if step is None or not isinstance(value, dict) or set(value) == {"Ref"}:
            tight = not colon.endswith(" ")
            separators = (",", ":") if tight else (", ", ": ")
            return written + colon + json.dumps(value, separators=separators)
        body = json.dumps(value, indent=step).replace("\n", self._newline + outer)
        return written + colon + self._inline_references(body)

    def _inline_references(self, body: str) -> str:
        """Write references on one line where the template does."""
        inline = re.search(r'\{(\s?)"Ref"', self.text)
        if inline is None or "\n" in inline.group(1):
            return body
        gap = inline.group(1)
        return re.sub(r'\{\s+"Ref": ("[^"]*")\s+\}', rf'{{{gap}"Ref": \1{gap}}}', body)

    def _flow_step(self, holder: yaml.MappingNode) -> str | None:
        """Return one step of indentation, or None if nested objects stand on one line."""
        import yaml

        for key, value in _entries(holder).values():
            if isinstance(value, yaml.MappingNode) and value.value:
                inner = value.value[0][0].start_mark
                if inner.line == key.start_mark.line:
                    return None
                outer = self._leading(key.start_mark.index)
                return self._leading(inner.index).removeprefix(outer) or None
        return None

    def _separator(self, holder: yaml.MappingNode) -> str:
        """Return what stands between two entries, taken from the mapping itself."""
        entries = list(_entries(holder).values())
        for (_, value), (key, _) in itertools.pairwise(entries):
            between = self.text[value.end_mark.index : key.start_mark.index]
            if re.fullmatch(r"\s*,\s*", between):
                return between.replace("\n\n", "\n")
        first = entries[0][0].start_mark
        alone = holder.start_mark.line != first.line
        return f",{self._newline}{self._leading(first.index)}" if alone else ", "

    # Scalars

    def _like(self, node: yaml.Node, value: str | float | bool) -> str:
        import yaml

        return self._scalar(value, node.style if isinstance(node, yaml.ScalarNode) else None)

    def _scalar(self, value: Json, style: str | None) -> str:
        if not isinstance(value, str):
            return json.dumps(value)
        if style == "'":
            return "'" + value.replace("'", "''") + "'"
        if self.is_json or style == '"' or not _is_plain(value):
            return json.dumps(value)
        return value

    def _key(self, like: str, name: str) -> str:
        quote = like[0] if like[:1] in ("'", '"') else ""
        return f"{quote}{name}{quote}"

    # Lines

    def _line_start(self, index: int) -> int:
        return self.text.rfind("\n", 0, index) + 1

    def _next_line(self, index: int) -> int:
        end = self.text.find("\n", index)
        return len(self.text) if end < 0 else end + 1

    def _leading(self, index: int) -> str:
        line = self.text[self._line_start(index) : index]
        return line[: len(line) - len(line.lstrip())]


def _entries(node: yaml.MappingNode) -> Mapping[str, tuple[yaml.Node, yaml.Node]]:
    import yaml

    return {
        key.value: (key, value) for key, value in node.value if isinstance(key, yaml.ScalarNode)
    }


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _masked(text: str) -> str:
    """Blank out what JSON allows and YAML does not, without moving anything."""
    text = _ESCAPE.sub(lambda match: "x" * len(match.group()), text)
    return _NOT_PLAIN_ASCII.sub(lambda match: " " if match.group() == "\t" else "x", text)


def _is_plain(value: str) -> bool:
    import yaml

    if value.strip() != value or not re.fullmatch(r"[\w./:\- ]+", value) or ": " in value:
        return False
    if value[0] in "-:?":
        return False
    return isinstance(yaml.safe_load(value), str)
