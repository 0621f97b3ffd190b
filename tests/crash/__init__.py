"""Nothing acknowledged is lost when any part is killed."""

from __future__ import annotations

from runtime.caches import separate_kernel_cache

separate_kernel_cache()  # before the first kernel is imported: what is compiled here is there for the programs that are started
