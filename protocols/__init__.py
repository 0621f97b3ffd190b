"""Wire formats. No socket, SQL, log or clock: bytes and `now` go in, frozen events and bytes come out."""
