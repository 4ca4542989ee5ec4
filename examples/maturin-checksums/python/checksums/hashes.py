"""Checksums over bytes."""

MOD_ADLER = 65521


def adler32(data):
    """As `zlib.adler32`."""
    a = 1
    b = 0
    for byte in data:
        a = (a + byte) % MOD_ADLER
        b = (b + a) % MOD_ADLER
    return b << 16 | a


def fletcher16(data):
    low = 0
    high = 0
    for byte in data:
        low = (low + byte) % 255
        high = (high + low) % 255
    return high << 8 | low


def crc16(data):
    """CRC-16/CCITT-FALSE, bit by bit."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            if crc & 0x8000:
                crc = (crc << 1 ^ 0x1021) & 0xFFFF
            else:
                crc = crc << 1 & 0xFFFF
    return crc


def fnv1a(data):
    """The 32-bit variant."""
    value = 0x811C9DC5
    for byte in data:
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value
