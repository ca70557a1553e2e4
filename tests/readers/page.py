"""Reads a chunk of a page (proto/page.md). Command: page.py [FILE] (default: standard input) -> prints it as JSON.
Bodies that are compressed need `zstandard`, estimates of images need `datasketches`, both from PyPI."""
import json
import struct
import sys
import zlib

from wire import Reader

DIMENSIONS = """total type url country url,country referrer_domain device_class browser os campaign channel product entry_page
exit_page""".split()
TRAFFIC = ("human", "bot")
COUNTERS = ("events", "page_views", "clicks", "purchases", "identified", "sessions", "bounces", "dwells", "dwell_ms", "items",
            "refunds")
DISTINCTS = ("devices", "users", "customers")
MAX_HASHES = 192


def read_row(row):
    """Row key -> (merchant, span, bucket)."""
    if len(row) < 8 or row[-6] != 0:
        raise ValueError("not the key of a page")
    return row[1:-6].decode(), row[-5], struct.unpack(">I", row[-4:])[0]


def read_sketch(body, devices):
    """-> ascending hashes, or an image as bytes."""
    code = body.varint()
    if code == 0:
        return devices
    if code > MAX_HASHES + 1:
        return body.take(code - MAX_HASHES - 2)
    packed = body.take(6 * (code - 1))
    return [int.from_bytes(packed[i:i + 6], "little") for i in range(0, len(packed), 6)]


def estimate(sketch):
    if isinstance(sketch, list):
        return len(sketch)
    import datasketches
    return round(datasketches.hll_sketch.deserialize(sketch).get_estimate())


def read_chunk(data):
    if len(data) < 5 or zlib.crc32(data[:-4]) != struct.unpack("<I", data[-4:])[0]:
        raise ValueError("wrong checksum")
    top = Reader(data[:-4])
    version, codec = top.u8(), top.u8()
    if version != 2 or codec > 1:
        raise ValueError(f"version {version}, codec {codec}")
    chunk = {"span": top.u8(), "bits": top.u8(), "chunk": top.u8(), "valid_bits": top.u8()}
    chunk["rules"] = "%016x" % struct.unpack("<Q", top.take(8))
    chunk["position"], chunk["first_offset"], chunk["events"] = top.varint(), top.varint(), top.varint()
    first_bucket, size = top.zigzag(), top.varint()
    packed = top.take(len(top.data) - top.at)
    if codec == 1:
        import zstandard
        packed = zstandard.ZstdDecompressor().decompress(packed, max_output_size=size)
    if len(packed) != size:
        raise ValueError("the body has another size")
    body = Reader(packed)
    count, counters, distincts = body.varint(), body.u8(), body.u8()
    rows = []
    for _ in range(body.varint()):
        dimension, traffic, bucket, length = body.u8(), body.u8(), first_bucket + body.varint(), body.varint()
        rows += [{"dimension": DIMENSIONS[dimension], "traffic": TRAFFIC[traffic], "bucket": bucket} for _ in range(length)]
    if len(rows) != count:
        raise ValueError("runs and entries differ")
    for row in rows:
        row["value"] = body.take(body.varint())
    for name in COUNTERS[:counters]:
        for row in rows:
            row[name] = body.zigzag()
    for name in DISTINCTS[:distincts]:
        for row in rows:
            row[name] = read_sketch(body, row.get("devices"))
    for row in rows:
        row["money"] = {body.take(3).decode(): [body.zigzag() for _ in range(3)] for _ in range(body.varint())}
    body.end()
    chunk["entries"] = rows
    return chunk


if __name__ == "__main__":
    with open(sys.argv[1], "rb") if len(sys.argv) > 1 else sys.stdin.buffer as file:
        shown = read_chunk(file.read())
    for entry in shown["entries"]:
        entry["value"] = entry["value"].decode(errors="backslashreplace").replace("\0", ",")
        entry.update({name: estimate(entry[name]) for name in DISTINCTS})
    print(json.dumps(shown, indent=1, ensure_ascii=False))
