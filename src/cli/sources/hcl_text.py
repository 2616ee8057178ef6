"""HCL, the language of Terraform's files: blocks, attributes and expressions with their places."""

import re
from dataclasses import replace
from typing import Any

from cli.sources.hcl_cursor import BLANK, NAME, SPACE, Cursor
from cli.sources.hcl_syntax import Block, Expression, Kind, NotHcl

_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_HEREDOC = re.compile(r"<<(?P<trim>-?)(?P<end>[^\W\d][\w.-]*)\r?\n")
_OPERATOR = re.compile(r"==|!=|<=|>=|&&|\|\||[<>+*/%-]")
_RANKS = {
    sign: rank
    for rank, signs in enumerate(("||", "&&", "== !=", "< > <= >=", "+ -", "* / %"))
    for sign in signs.split()
}
"""How strongly an operator binds."""
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}


def blocks_of(text: str) -> tuple[Block, ...]:
    """Return the blocks of a file. Raises NotHcl."""
    return _file(text).blocks


def attributes_of(text: str) -> dict[str, tuple[int, Expression]]:
    """Return the attributes of a file that has only these, such as terraform.tfvars. Raises NotHcl."""
    return _file(text).attributes


def _file(text: str) -> Block:
    try:
        return _Parser(text).body(0, "")
    except RecursionError:
        raise NotHcl("it is nested too deeply", 0) from None


def template_of(text: str) -> Expression:
    """Return the template that a whole text is. Raises NotHcl."""
    return _Parser(text).template(0, len(text), escapes=False)


class _Parser(Cursor):
    # --- structure ----------------------------------------------------------------------------------------------------

    def body(self, begin: int, kind: str, labels: tuple[str, ...] = ()) -> Block:
        attributes, blocks = dict[str, tuple[int, Expression]](), list[Block]()
        while True:
            self.skip(BLANK)
            if self.at >= len(self.text) or self.text[self.at] == "}":
                if (self.at >= len(self.text)) is bool(kind):
                    self.refuse("a brace is missing or too much")
                self.at += bool(kind)
                return Block(kind, labels, begin, self.at, attributes, tuple(blocks))
            start, name = self.at, self.name()
            self.skip(SPACE)
            if self.has("=") and not self.has("=="):
                self.at += 1
                attributes[name] = (start, self.expression(newlines=False))
                self.skip(SPACE)
                if self.at < len(self.text) and self.text[self.at] not in "\n}":
                    self.refuse("a new line is missing")
            else:
                self.deeper()
                blocks.append(self._block(start, name))
                self.depth -= 1

    def _block(self, start: int, name: str) -> Block:
        labels = list[str]()
        while not self.has("{"):
            label = self._string() if self.has('"') else None
            labels.append(self.name() if label is None else _text_of(label))
            self.skip(SPACE)
        self.at += 1
        return self.body(start, name, tuple(labels))

    # --- expressions --------------------------------------------------------------------------------------------------

    def expression(self, *, newlines: bool) -> Expression:
        self.deeper()
        found = self._operation(newlines=newlines)
        self.skip(BLANK if newlines else SPACE)
        if self.has("?"):
            self.at += 1
            yes = self.expression(newlines=newlines)
            self.skip(BLANK)
            self.expect(":")
            no = self.expression(newlines=newlines)
            found = Expression(Kind.CONDITIONAL, found.begin, no.end, None, (found, yes, no))
        self.depth -= 1
        return found

    def _operation(self, *, newlines: bool, weakest: int = 0) -> Expression:
        """Return a term, or the operation of those that follow whose operators are no weaker."""
        found = self._term(newlines=newlines)
        while True:
            before = self.at
            self.skip(BLANK if newlines else SPACE)
            operator = _OPERATOR.match(self.text, self.at)
            if operator is None or (rank := _RANKS[operator[0]]) < weakest:
                self.at = before
                return found
            self.at = operator.end()
            self.skip(BLANK)
            other = self._operation(newlines=newlines, weakest=rank + 1)
            found = Expression(Kind.OTHER, found.begin, other.end, operator[0], (found, other))

    def _term(self, *, newlines: bool) -> Expression:
        self.skip(BLANK if newlines else SPACE)
        begin = self.at
        letter = self.text[begin : begin + 1]
        if letter in {"!", "-"}:
            self.at += 1
            inner = self._term(newlines=newlines)
            if letter == "-" and isinstance(inner.value, int | float) and inner.kind is Kind.LITERAL:
                return Expression(Kind.LITERAL, begin, inner.end, -inner.value)
            return Expression(Kind.OTHER, begin, inner.end, letter, (inner,))
        return self._steps(self._primary(begin, letter))

    def _primary(self, begin: int, letter: str) -> Expression:
        match letter:
            case '"':
                return self._string()
            case "(":
                self.at += 1
                inner = self.expression(newlines=True)
                self.skip(BLANK)
                self.expect(")")
                return replace(inner, begin=begin, end=self.at)
            case "[":
                return self._tuple(begin)
            case "{":
                return self._object(begin)
            case "<":
                return self._heredoc(begin)
            case _ if number := _NUMBER.match(self.text, begin):
                self.at = number.end()
                value = self.integer(number[0]) if number[0].isdecimal() else float(number[0])
                return Expression(Kind.LITERAL, begin, self.at, value)
            case _:
                return self._named(begin)

    def _named(self, begin: int) -> Expression:
        name = self.name()
        words = {"true": True, "false": False, "null": None}
        if name in words:
            return Expression(Kind.LITERAL, begin, self.at, words[name])
        while self.has("::"):
            self.at += 2
            name = f"{name}::{self.name()}"
        if not self.has("("):
            return Expression(Kind.REFERENCE, begin, self.at, name)
        self.at += 1
        args = list[Expression]()
        while not self.closes(")"):
            args.append(self.expression(newlines=True))
            self.skip(BLANK)
            if self.has("..."):
                self.at += 3
                name = f"{name}..."
            self.comma(")")
        return Expression(Kind.CALL, begin, self.at, name, tuple(args))

    def _steps(self, found: Expression) -> Expression:
        while True:
            if self.has(".*") or self.has("[*]"):
                self.at += 2 if self.has(".*") else 3
                found = Expression(Kind.OTHER, found.begin, self.at, "*", (found,))
            elif self.has(".") and not self.has("..."):
                self.at += 1
                begin = self.at
                number = re.compile(r"\d+").match(self.text, begin)
                step: Any = number[0] if number else None
                self.at = number.end() if number else begin
                step = self.integer(step) if number else self.name()
                found = self._stepped(found, Expression(Kind.LITERAL, begin, self.at, step))
            elif self.has("["):
                self.at += 1
                index = self.expression(newlines=True)
                self.skip(BLANK)
                self.expect("]")
                found = self._stepped(found, index)
            else:
                return found

    def _stepped(self, found: Expression, step: Expression) -> Expression:
        if found.kind is Kind.REFERENCE:
            return Expression(Kind.REFERENCE, found.begin, self.at, found.value, (*found.args, step))
        return Expression(Kind.OTHER, found.begin, self.at, ".", (found, step))

    def _tuple(self, begin: int) -> Expression:
        self.at += 1
        if self._is_for():
            return self._for(begin, "]")
        items = list[Expression]()
        while not self.closes("]"):
            items.append(self.expression(newlines=True))
            self.comma("]")
        return Expression(Kind.TUPLE, begin, self.at, None, tuple(items))

    def _object(self, begin: int) -> Expression:
        self.at += 1
        if self._is_for():
            return self._for(begin, "}")
        items = list[Expression]()
        while not self.closes("}"):
            items.append(self._key())
            self.skip(SPACE)
            if not self.has("=") and not self.has(":"):
                self.refuse("an equals sign is missing")
            self.at += 1
            items.append(self.expression(newlines=False))
            self.skip(SPACE)
            if self.has(","):
                self.at += 1
            elif not self.has("\n") and not self.has("}"):
                self.refuse("a comma or a new line is missing")
        return Expression(Kind.OBJECT, begin, self.at, None, tuple(items))

    def _key(self) -> Expression:
        begin = self.at
        name = NAME.match(self.text, begin)
        if name and re.compile(r"[ \t]*[=:]").match(self.text, name.end()):
            self.at = name.end()
            return Expression(Kind.LITERAL, begin, self.at, name[0])
        return self.expression(newlines=False)

    def _is_for(self) -> bool:
        self.skip(BLANK)
        return bool(re.compile(r"for\s").match(self.text, self.at))

    def _for(self, begin: int, end: str) -> Expression:
        """Skip a `for`: it is not evaluated. Its parts are expressions, so texts in it hold no bracket that counts."""
        depth = 0
        while True:
            letter = self.text[self.at : self.at + 1]
            if not letter:
                self.refuse("a bracket is missing")
            if letter == '"':
                self._string()
                continue
            if letter == "<" and _HEREDOC.match(self.text, self.at):
                self._heredoc(self.at)
                continue
            self.at += 1
            if letter == end and not depth:
                return Expression(Kind.OTHER, begin, self.at, "for")
            depth += (letter in "([{") - (letter in ")]}")

    # --- texts --------------------------------------------------------------------------------------------------------

    def _string(self) -> Expression:
        begin = self.at
        at, depth = begin + 1, 0
        while at < len(self.text):
            letter = self.text[at]
            if letter == "\\" and not depth:
                at += 2
                continue
            if self.text.startswith(("${", "%{"), at) and self.text[at - 1] != letter:
                depth += 1
                at += 2
                continue
            if depth and letter in "{}":
                depth += 1 if letter == "{" else -1
            elif depth and letter == '"':
                self.at = at
                self.deeper()
                at = self._string().end
                self.depth -= 1
                continue
            elif letter == '"' or (letter == "\n" and not depth):
                break
            at += 1
        if self.text[at : at + 1] != '"':
            self.at = begin
            self.refuse("a quotation mark is missing")
        found = self.template(begin + 1, at, escapes=True)
        self.at = at + 1
        return replace(found, begin=begin, end=self.at)

    def _heredoc(self, begin: int) -> Expression:
        opened = _HEREDOC.match(self.text, begin)
        closing = re.compile(rf"^[ \t]*{re.escape(opened['end'])}[ \t\r]*$", re.MULTILINE) if opened else None
        closed = closing.search(self.text, opened.end()) if opened and closing else None
        if opened is None or closed is None:
            self.refuse("the end of a heredoc is missing")
        rows = self.text[opened.end() : closed.start()].splitlines(keepends=True)
        indents = [len(row) - len(row.lstrip(" \t")) for row in rows if row.strip()]
        cut = min(indents, default=0) if opened["trim"] else 0
        found = self.template(opened.end(), closed.start(), escapes=False, cut=cut)
        self.at = closed.end()
        return replace(found, begin=begin, end=self.at)

    def template(self, begin: int, end: int, *, escapes: bool, cut: int = 0) -> Expression:
        """Return the template between two places; `cut` characters of each line's indentation are not part of it."""
        parts, letters, marks = list[Expression](), list[str](), list[int]()
        at, fresh = begin, True
        while at < end:
            if fresh and cut:
                at += min(cut, len(self.text[at:end]) - len(self.text[at:end].lstrip(" \t")))
                fresh = False
                continue
            letter = self.text[at]
            fresh = letter == "\n"
            if self.text.startswith(("$${", "%%{"), at):
                letters += [letter, "{"]
                marks += [at, at + 2]
                at += 3
            elif self.text.startswith(("${", "%{"), at):
                if letters:
                    parts.append(_literal(letters, marks, at))
                    letters, marks = list[str](), list[int]()
                inner = self._interpolated(at, directive=letter == "%")
                if not escapes and inner.kind is Kind.LITERAL:
                    inner = replace(inner, marks=())  # its escapes are not those of the text around it
                parts.append(inner)
                at = inner.end
            elif escapes and letter == "\\":
                text, at_after = self._escape(at)
                letters += text
                marks += [at] * len(text)
                at = at_after
            else:
                letters.append(letter)
                marks.append(at)
                at += 1
        if letters or not parts:
            parts.append(_literal(letters, marks, end))
        if len(parts) == 1 and parts[0].kind is Kind.LITERAL:
            return parts[0]
        return Expression(Kind.TEMPLATE, begin, end, None, tuple(parts))

    def _escape(self, at: int) -> tuple[str, int]:
        letter = self.text[at + 1 : at + 2]
        for name, length in (("u", 4), ("U", 8)):
            digits = self.text[at + 2 : at + 2 + length]
            if letter == name and re.fullmatch(rf"[0-9a-fA-F]{{{length}}}", digits) and int(digits, 16) <= 0x10FFFF:  # noqa: PLR2004 - the last character of Unicode
                return chr(int(digits, 16)), at + 2 + length
        return _ESCAPES.get(letter, letter), at + 2

    def _interpolated(self, at: int, *, directive: bool) -> Expression:
        if directive:
            end = self.text.find("}", at)
            return Expression(Kind.OTHER, at, len(self.text) if end < 0 else end + 1, "%")
        self.at = at + 2
        if self.has("~"):
            self.at += 1
        inner = self.expression(newlines=True)
        self.skip(BLANK)
        if self.has("~"):
            self.at += 1
        self.expect("}")
        return replace(inner, begin=at, end=self.at)


def _literal(letters: list[str], marks: list[int], end: int) -> Expression:
    begin = marks[0] if marks else end
    return Expression(Kind.LITERAL, begin, end, "".join(letters), (), (*marks, end))


def _text_of(label: Expression) -> str:
    return str(label.value) if label.kind is Kind.LITERAL else ""
