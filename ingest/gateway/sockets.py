"""Listening sockets and the limit on open files."""

from __future__ import annotations

import resource
import socket

import structlog

log = structlog.get_logger()


def listening_socket(host: str, port: int, *, shared: bool) -> socket.socket:
    """A bound TCP socket; shared: several workers listen on the same port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind((host, port))
    listener.setblocking(False)
    return listener


def raise_file_limit() -> None:
    """Open-file limit to its hard value."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    log.info("open_files", limit=hard)
