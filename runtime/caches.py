"""Where compiled kernels are kept. numba keys its cache by the outermost function's file alone, so the folder is named by all of them."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

_KERNELS = (
    "protocols/jt808/kernels/*.py",
    "protocols/jt808/batch.py",
    "ingest/gateway/*.py",
    "ingest/log/record.py",
    "tracking/kernels/*.py",
)


def kernel_hash(root: Path | None = None) -> str:
    """Hash over every file that holds kernels, in a fixed order."""
    root = root or Path(__file__).resolve().parent.parent
    digest = hashlib.sha256(sys.version.encode())
    for pattern in _KERNELS:
        for path in sorted(root.glob(pattern)):
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def separate_kernel_cache() -> Path:
    """Point numba at the folder of the kernels as they are now; to be called before the first import of numba.

    Child processes inherit it. A folder that the environment names already is kept as the parent folder.
    """
    home = Path(os.environ.get("CUNTONG_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cuntong")
    folder = home / f"kernels-{kernel_hash()}"
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["NUMBA_CACHE_DIR"] = str(folder)
    return folder
