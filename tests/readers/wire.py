"""The numbers that blocks and pages are made of (proto/block.md says how)."""
import struct


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        if n > len(self.data) - self.at:
            raise ValueError("ends early")
        self.at += n
        return self.data[self.at - n:self.at]

    def u8(self):
        return self.take(1)[0]

    def fixed64(self):
        return struct.unpack("<Q", self.take(8))[0]

    def varint(self):
        number = shift = 0
        while True:
            byte = self.u8()
            number |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return number

    def zigzag(self):
        number = self.varint()
        return number >> 1 ^ -(number & 1)

    def end(self):
        if self.at != len(self.data):
            raise ValueError("bytes are left over")
