"""Bytes and checksums."""

TABLE = []
for byte in range(256):
    entry = byte
    for _ in range(8):
        entry = entry >> 1 ^ 0xEDB88320 if entry & 1 else entry >> 1
    TABLE.append(entry)


def crc32(data):
    """The checksum of zip files."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def fnv1a(text):
    """A hash of a text in 32 bits."""
    value = 2166136261
    for c in text:
        value = (value ^ ord(c)) * 16777619 & 0xFFFFFFFF
    return value


def rc4(key, data):
    """Encrypts bytes with a stream that depends on a key."""
    box = list(range(256))
    j = 0
    for i in range(256):
        j = (j + box[i] + key[i % len(key)]) % 256
        box[i], box[j] = box[j], box[i]
    out = bytearray()
    i = j = 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + box[i]) % 256
        box[i], box[j] = box[j], box[i]
        out.append(byte ^ box[(box[i] + box[j]) % 256])
    return bytes(out)
