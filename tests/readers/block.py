"""Reads a block (proto/block.md). Command: block.py [FILE] (default: standard input) -> prints it as JSON."""
import json
import struct
import sys
import zlib

from wire import Reader

OUTCOMES = ("accepted", "bad", "duplicate", "skipped", "lost")
FIELDS = """merchant type event_id guid customer claimed_customer session url path title referrer referrer_domain ip user_agent
language screen country time_on_page_ms query product.id product.name product.category product.price product.quantity
product.position revenue currency campaign.source campaign.medium campaign.name campaign.term campaign.content properties
request browser os device_class channel campaign region city revenue_minor""".split()
REASONS = """none not_json too_large field_missing field_wrong_type field_too_long merchant_invalid merchant_unknown time_invalid
too_late in_future no_identity envelope_invalid protocol_unknown line_malformed control_invalid revenue_invalid""".split()


def lz4_block(packed, size):
    """Bytes of one LZ4 block; raises ValueError where they are not `size`."""
    out, at = bytearray(), 0

    def length(nibble):
        nonlocal at
        more = nibble == 15
        while more:
            nibble += packed[at]
            more = packed[at] == 255
            at += 1
        return nibble

    while at < len(packed):
        token, at = packed[at], at + 1
        literals = length(token >> 4)
        out += packed[at:at + literals]
        at += literals
        if at >= len(packed):
            break
        back, at = packed[at] | packed[at + 1] << 8, at + 2
        for _ in range(length(token & 15) + 4):
            out.append(out[-back])
    if len(out) != size:
        raise ValueError("the body has another size")
    return bytes(out)


class Columns(Reader):
    def texts(self, n):
        return [self.take(size) for size in [self.varint() for _ in range(n)]]

    def column(self, n):
        kind = self.u8()
        if kind == 0:
            return self.texts(n)
        if kind != 1:
            raise ValueError(f"column of kind {kind}")
        entries = self.texts(self.varint())
        if len(entries) == 1:
            return entries * n
        width = 1 if len(entries) <= 256 else 2
        return [entries[int.from_bytes(self.take(width), "little")] for _ in range(n)]


def signed64(number):
    return (number + 2**63) % 2**64 - 2**63


def read_block(data):
    """The block as a dictionary; texts are bytes. Raises ValueError where the bytes are none."""
    if len(data) < 5 or struct.unpack("<I", data[-4:])[0] != zlib.crc32(data[:-4]):
        raise ValueError("too short, or the checksum does not fit")
    r = Reader(data[:-4])
    if (version := r.u8()) != 4:
        raise ValueError(f"version {version} is not known")
    block = {"source": r.varint(), "from": r.varint()}
    block["to"] = block["from"] + r.varint()
    block["rules"], block["rules_from"], block["run"] = f"{r.fixed64():016x}", r.varint(), r.varint()
    counts = [r.varint() for _ in OUTCOMES]
    size = r.varint()
    r = Columns(lz4_block(r.data[r.at:], size))

    rows, time = [], 0
    while len(rows) < block["to"] - block["from"]:
        run = r.varint()
        rows += [{"offset": 0, "outcome": OUTCOMES[run & 7]} for _ in range(run >> 3)]
    for i, row in enumerate(rows):
        time = signed64(time + r.zigzag())
        row.update(offset=block["from"] + i, record_time=time)
    accepted, bad, duplicates, *_ = ([row for row in rows if row["outcome"] == o] for o in OUTCOMES)
    if counts != [sum(row["outcome"] == o for row in rows) for o in OUTCOMES]:
        raise ValueError("the counts do not fit the outcomes")

    def text_columns(rows):
        for _ in range(r.varint()):
            name = FIELDS[r.varint()]
            for row, value in zip(rows, r.column(len(rows))):
                if value:
                    row[name] = value

    if accepted:
        for row in accepted:
            row["time"] = signed64(row["record_time"] - r.zigzag())
        for row in accepted:
            bits = r.u8()
            row["resolved_by"], row["traffic"] = ("none", "map", "stitch", "claim")[bits & 3], ("human", "bot")[bits >> 2]
        for row in accepted:
            row["flags"] = r.u8()
        text_columns(accepted)
    if bad:
        for row in bad:
            row["reason"] = REASONS[r.u8()]
        for row in bad:
            row["full_size"] = r.varint()
        for row in bad:
            row["full_hash"] = f"{r.fixed64():016x}"
        for name in ("merchant", "field", "bytes"):
            for row, value in zip(bad, r.column(len(bad))):
                row[name] = value
    if duplicates:
        for row, value in zip(duplicates, r.column(len(duplicates))):
            row["merchant"] = value
    earlier = [{} for _ in range(r.varint())]
    offset, time = block["from"], 0
    for row in reversed(earlier):
        row["offset"] = offset = offset - r.varint()
    for row in earlier:
        row["time"] = time = signed64(time + r.zigzag())
    for row in earlier:
        row["traffic"] = ("human", "bot")[r.u8()]
    if earlier:
        text_columns(earlier)
    changes, cause = [{} for _ in range(r.varint())], block["from"]
    for change in changes:
        change["cause"] = cause = cause + r.varint()
    for change in changes:
        change["subject"] = change["cause"] - r.varint()
    for change in changes:
        bits = r.u8()
        for i, name in enumerate(("sessions", "bounces", "exits", "dwells")):
            change[name] = (bits >> 2 * i & 3) - 1
    for change in changes:
        change["dwell_ms"] = r.zigzag()
    if r.at != len(r.data):
        raise ValueError("bytes behind the end")
    block.update(rows=rows, earlier=earlier, changes=changes)
    return block


if __name__ == "__main__":
    source = open(sys.argv[1], "rb") if len(sys.argv) > 1 else sys.stdin.buffer
    print(json.dumps(read_block(source.read()), indent=1, default=lambda b: b.decode("utf-8", "backslashreplace")))
