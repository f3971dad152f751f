"""The kernel command line: put together, checked, and as the bytes that the kernel reads."""

from __future__ import annotations

import os

from kvmtool.errors import BadInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def assemble(words: Iterable[str], limit: int) -> bytes:
    """Join `words` (defaults first, then the user's) by spaces, ended by a NUL.

    `limit` is the kernel's cmdline_size: the most bytes without the NUL. Empty words are left
    out. Raises BadInput for a NUL or a line break, and for more than `limit` bytes.
    """
    text = " ".join(word for word in words if word)
    for character, name in (("\0", "NUL characters"), ("\n", "line breaks")):
        if character in text:
            raise BadInput(f"a kernel command line cannot have {name}: {text[:60]!r}")
    try:
        line = os.fsencode(text)
    except UnicodeEncodeError:
        line = text.encode("utf-8", "surrogatepass")
    if len(line) > limit:
        raise BadInput(
            f"the kernel command line has {len(line)} characters; this kernel takes {limit}"
        )
    return line + b"\0"
