"""How trace files begin: all that must be known to tell one from a document."""

from typing import Final

FORMAT: Final = "rlm-tui-trace"
VERSION: Final = 1
MAGIC: Final = b'{"format":"%b"' % FORMAT.encode()
OF_NOW: Final = b'%b,"version":%d,' % (MAGIC, VERSION)
GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
