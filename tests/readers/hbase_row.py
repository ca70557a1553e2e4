"""Prints rows of an HBase table through a Thrift2 gateway, with a client made from HBase's own definition.

Command: hbase_row.py TABLE [PREFIX] [--scan N] [--json] [--gateway HOST:PORT]; exit 1 where there is no such row

  PREFIX     only rows whose key begins so; bytes as \\xNN
  --scan N   at most N rows (default 1)
  --json     an object a row: key (hex), key_parts (of an event row), cells {family: {qualifier: value}}, timestamps
  --gateway  framed and compact; default: the first of GUIDEPOST_HBASE__GATEWAYS

Nothing of the product is used: the definition comes out of the hbase-thrift jar below the cache (`./dev deps`),
and Python code of it is made in build/hbase-idl at the first call. Run it with the cache's python (it has thrift).
"""
import argparse
import datetime
import glob
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
WIDTH = 200  # of a value, for people; --json shows all of it
DEFINITION = "org/apache/hadoop/hbase/thrift2/hbase.thrift"


def cache():
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.environ.get("GUIDEPOST_CACHE") or os.path.join(home, "guidepost")


def generated():
    """Folder with the Python code of HBase's definition; made where it is not there yet."""
    jars = [jar for jar in glob.glob(os.path.join(cache(), "hbase", "hbase-thrift-*.jar")) if "sources" not in jar]
    if not jars:
        sys.exit(f"no hbase-thrift jar below {cache()}/hbase: run `./dev deps servers`")
    folder = ROOT / "build" / "hbase-idl" / pathlib.Path(jars[0]).stem
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = pathlib.Path(tempfile.mkdtemp(dir=folder.parent))
    (made / "hbase.thrift").write_bytes(zipfile.ZipFile(jars[0]).read(DEFINITION))
    subprocess.run(["thrift", "-nowarn", "--gen", "py", "-out", str(made), str(made / "hbase.thrift")], check=True)
    try:
        made.rename(folder)
    except OSError:  # somebody else was faster
        shutil.rmtree(made)
    return folder


class Gateway:
    """One connection to a gateway, with HBase's whole service as `client` and its types as `types`."""

    def __init__(self, address=None):
        address = address or os.environ.get("GUIDEPOST_HBASE__GATEWAYS", "").split(",")[0]
        host, _, port = address.rpartition(":")
        if not port.isdigit():
            sys.exit("which gateway? give --gateway HOST:PORT or set GUIDEPOST_HBASE__GATEWAYS")
        sys.path.insert(0, str(generated()))
        from hbase import THBaseService, ttypes
        from thrift.protocol.TCompactProtocol import TCompactProtocol
        from thrift.transport import TSocket, TTransport
        self.types = ttypes
        self.transport = TTransport.TFramedTransport(TSocket.TSocket(host, int(port)))
        self.client = THBaseService.Client(TCompactProtocol(self.transport))
        self.transport.open()

    def rows(self, table, prefix=b"", limit=None, versions=1):
        """(key, {family: {qualifier: value}}, {family: {qualifier: timestamp}}) in key order; the newest value of each cell."""
        start, page = prefix, 1000
        while limit is None or limit > 0:
            count = page if limit is None else min(page, limit)
            scan = self.types.TScan(startRow=start or None, stopRow=after(prefix) or None, caching=count, limit=count, maxVersions=versions)
            found = self.client.getScannerResults(table.encode(), scan, count)
            for row in found:
                cells, stamps = {}, {}
                for cell in row.columnValues:
                    family, qualifier = cell.family.decode("latin-1"), cell.qualifier.decode("latin-1")
                    cells.setdefault(family, {}).setdefault(qualifier, cell.value)
                    stamps.setdefault(family, {}).setdefault(qualifier, cell.timestamp)
                yield row.row, cells, stamps
            if limit is not None:
                limit -= len(found)
            if len(found) < count:
                return
            start = found[-1].row + b"\0"


def after(prefix):
    """The first key after all that begin with `prefix`; empty where there is none."""
    prefix = prefix.rstrip(b"\xff")
    return prefix[:-1] + bytes([prefix[-1] + 1]) if prefix else b""


def event_key(key):
    """The parts of an event row's key (proto/event_row.md), or None where it is none."""
    zero = key.find(b"\0", 1)
    if zero < 2 or len(key) != zero + 21:
        return None
    ms, source, offset = struct.unpack(">qIq", key[zero + 1:])
    try:
        time = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(milliseconds=ms)
        return dict(salt=key[0], merchant=key[1:zero].decode(), time=time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                    source=source, offset=offset)
    except (OverflowError, UnicodeDecodeError):
        return None


def shown(value):
    """Bytes as text that is safe on a terminal; \\xNN where they are not UTF-8."""
    text = value.decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def print_row(key, cells, stamps):
    parts = event_key(key)
    print("row", " ".join(f"{name}={value}" for name, value in parts.items()) if parts else key.decode("latin-1").encode("unicode_escape").decode())
    for family in cells:
        print(f"  {family}")
        for qualifier, value in cells[family].items():
            text = shown(value)
            text = text if len(text) <= WIDTH else text[:WIDTH] + f"... ({len(value)} bytes)"
            print(f"    {shown(qualifier.encode('latin-1')):20} {text:40} @{stamps[family][qualifier]}")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("table")
    arguments.add_argument("prefix", nargs="?", default="")
    arguments.add_argument("--scan", type=int, default=1, metavar="N")
    arguments.add_argument("--json", action="store_true")
    arguments.add_argument("--gateway")
    asked = arguments.parse_args()
    prefix = asked.prefix.encode().decode("unicode_escape").encode("latin-1")
    found = 0
    for key, cells, stamps in Gateway(asked.gateway).rows(asked.table, prefix, asked.scan):
        found += 1
        if asked.json:
            words = {f: {q: shown(v) for q, v in c.items()} for f, c in cells.items()}
            print(json.dumps(dict(key=key.hex(), key_parts=event_key(key), cells=words, timestamps=stamps), ensure_ascii=False))
        else:
            print_row(key, cells, stamps)
    if not found:
        print("no such row", file=sys.stderr)
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main())
