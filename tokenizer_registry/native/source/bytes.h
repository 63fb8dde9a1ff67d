/* Bytes: unaligned loads, UTF-8, and the hash of all tables.

   Invariant: nothing here reads outside of the given bytes; texts are valid UTF-8. */
#ifndef WEIGHBRIDGE_BYTES_H
#define WEIGHBRIDGE_BYTES_H

#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

/* Places in texts have 32 bits, and some bytes may be put in front of a text. */
#define MAX_TEXT_BYTES (UINT32_MAX - 63)

/* Bytes of a text that are examined together, a bit for each. */
#define BLOCK_BYTES 64

/* Why a text is not counted. */
enum failure { NO_MEMORY = 1, TOO_LONG };

static inline u32 load32(const u8 *at) {
    u32 value;
    memcpy(&value, at, 4);
    return value;
}

static inline u64 load64(const u8 *at) {
    u64 value;
    memcpy(&value, at, 8);
    return value;
}

static inline u64 mixed(u64 a, u64 b) {
    __uint128_t product = (__uint128_t)a * b;
    return (u64)product ^ (u64)(product >> 64);
}

/* Short strings are read twice, from both ends, to stay inside of them. */
static inline u64 hash_bytes(const u8 *at, u32 length) {
    const u64 first_key = 0x9E3779B97F4A7C15u, second_key = 0xD1B54A32D192ED03u;
    u64 seed = first_key ^ length, a, b;
    if (length <= 16) {
        if (length >= 8) {
            a = load64(at);
            b = load64(at + length - 8);
        } else if (length >= 4) {
            a = load32(at);
            b = load32(at + length - 4);
        } else {
            a = length ? (u64)at[0] << 16 | (u64)at[length >> 1] << 8 | at[length - 1] : 0;
            b = 0;
        }
        return mixed(a ^ second_key, b ^ seed);
    }
    u32 left = length;
    for (; left > 16; left -= 16, at += 16)
        seed = mixed(load64(at) ^ second_key, load64(at + 8) ^ seed);
    a = load64(at + left - 16);
    b = load64(at + left - 8);
    return mixed(a ^ second_key, b ^ seed);
}

/* Inline: for short strings a call takes longer than the comparison. */
static inline int are_equal(const u8 *a, const u8 *b, u32 length) {
    for (; length >= 8; a += 8, b += 8, length -= 8)
        if (load64(a) != load64(b)) return 0;
    for (; length; a++, b++, length--)
        if (*a != *b) return 0;
    return 1;
}

/* Move `count` numbers behind `gap` one place down. Inline: for few numbers a call takes longer. */
static inline void close_gap(u32 *gap, u32 count) {
    for (u32 at = 0; at < count; at++) gap[at] = gap[at + 1];
}

/* Return the number of bytes of the character that begins with this byte. */
static inline u32 character_length(u8 first) {
    return first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

static inline u32 code_point(const u8 *at) {
    u8 first = at[0];
    if (first < 0x80) return first;
    if (first < 0xE0) return (u32)(first & 0x1F) << 6 | (at[1] & 0x3F);
    if (first < 0xF0) return (u32)(first & 0x0F) << 12 | (u32)(at[1] & 0x3F) << 6 | (at[2] & 0x3F);
    return (u32)(first & 0x07) << 18 | (u32)(at[1] & 0x3F) << 12 | (u32)(at[2] & 0x3F) << 6 | (at[3] & 0x3F);
}

static inline const u8 *character_before(const u8 *at) {
    do at--;
    while ((*at & 0xC0) == 0x80);
    return at;
}

#endif
