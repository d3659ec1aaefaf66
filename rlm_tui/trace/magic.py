"""How trace files begin: all that must be known to tell one from a document."""

from typing import Final

FORMAT: Final = "rlm-tui-trace"
MAGIC: Final = b'{"format":"%b"' % FORMAT.encode()
GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
