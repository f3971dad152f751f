"""Where files that can be made again are kept: one directory for each user."""

import os


def cache_dir(*parts: str) -> str:
    """Return the directory `parts` below the cache, which is made if it is missing.

    The cache is $KVMTOOL_CACHE, else $XDG_CACHE_HOME/kvmtool, else ~/.cache/kvmtool.
    """
    root = os.environ.get("KVMTOOL_CACHE")
    if not root:
        home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        root = os.path.join(home, "kvmtool")
    path = os.path.join(root, *parts)
    os.makedirs(path, exist_ok=True)
    return path


def publish(path: str, content: bytes) -> None:
    """Write `content` to `path` so that no reader ever sees a part of it."""
    draft = f"{path}.{os.getpid()}"
    try:
        with open(draft, "wb") as file:
            file.write(content)
        os.replace(draft, path)
    except BaseException:
        if os.path.exists(draft):
            os.unlink(draft)
        raise
