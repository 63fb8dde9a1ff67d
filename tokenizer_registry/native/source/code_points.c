#include "code_points.h"

/* Code points that are written together, and those that are looked at together for being ASCII: where one of 16 is not
   can hardly be predicted, of 64 in most languages it can. */
#define TOGETHER 16
#define ASCII_TOGETHER 64

/* Return the bytes of a code point below 0x800, below 0x10000 and of others, the first byte lowest. */
static inline u32 two_bytes(u32 c) { return 0x80C0 | c >> 6 | (c & 0x3F) << 8; }

static inline u32 three_bytes(u32 c) { return 0x8080E0 | c >> 12 | (c >> 6 & 0x3F) << 8 | (c & 0x3F) << 16; }

static inline u32 four_bytes(u32 c) {
    return 0x808080F0 | c >> 18 | (c >> 12 & 0x3F) << 8 | (c >> 6 & 0x3F) << 16 | (c & 0x3F) << 24;
}

static inline u32 utf8_bytes(u32 c) {
    return c < 0x80 ? c : c < 0x800 ? two_bytes(c) : c < 0x10000 ? three_bytes(c) : four_bytes(c);
}

/* Return the number with all bits set in the bytes that a code point has. */
static inline u32 used_bytes(u32 c) { return c < 0x80 ? 0xFF : c < 0x800 ? 0xFFFF : c < 0x10000 ? 0xFFFFFF : ~0u; }

/* Write the used bytes of a number of several code points, one behind the other; further bytes may be written too. */
static inline u8 *write_used(u64 bytes, u64 used, u8 *to) {
#ifdef __BMI2__
    u64 together = __builtin_ia32_pext_di(bytes, used);
    memcpy(to, &together, 8);
    return to + __builtin_popcountll(used) / 8;
#else
    for (; used; used >>= 8, bytes >>= 8) {
        *to = (u8)bytes;
        to += used & 1;
    }
    return to;
#endif
}

/* Without a branch for each: letters and spaces alternate. */
static inline u8 *write_below_0x800(const u32 *block, u8 *to) {
    u16 bytes[TOGETHER], used[TOGETHER];
    for (u32 at = 0; at < TOGETHER; at++) {
        bytes[at] = (u16)(block[at] < 0x80 ? block[at] : two_bytes(block[at]));
        used[at] = block[at] < 0x80 ? 0xFF : 0xFFFF;
    }
    for (u32 at = 0; at < TOGETHER; at += 4) to = write_used(load64((u8 *)(bytes + at)), load64((u8 *)(used + at)), to);
    return to;
}

static inline u8 *write_any(const u32 *block, u8 *to) {
    u32 bytes[TOGETHER], used[TOGETHER];
    for (u32 at = 0; at < TOGETHER; at++) {
        bytes[at] = utf8_bytes(block[at]);
        used[at] = used_bytes(block[at]);
    }
    for (u32 at = 0; at < TOGETHER; at += 2) to = write_used(load64((u8 *)(bytes + at)), load64((u8 *)(used + at)), to);
    return to;
}

/* Return the bits that any of the code points has. */
static inline u32 bits_of_any(const u32 *code_points, u32 count) {
    u32 bits = 0;
    for (u32 at = 0; at < count; at++) bits |= code_points[at];
    return bits;
}

static inline u8 *write_ascii(const u32 *code_points, u8 *to) {
    for (u32 at = 0; at < ASCII_TOGETHER; at++) to[at] = (u8)code_points[at];
    return to + ASCII_TOGETHER;
}

static inline u8 *write_blocks(const u32 *at, const u32 *end, u8 *to) {
    for (; at < end; at += TOGETHER)
        to = bits_of_any(at, TOGETHER) < 0x800 ? write_below_0x800(at, to) : write_any(at, to);
    return to;
}

static int has_surrogate(const u32 *code_points, u64 count) {
    u32 found = 0;
    for (u64 at = 0; at < count; at++) found |= (code_points[at] & ~0x7FFu) == 0xD800;
    return (int)found;
}

u64 write_utf8(const u32 *code_points, u64 count, u8 *to) {
    const u32 *at = code_points, *end = at + count;
    const u8 *begin = to;
    if (has_surrogate(code_points, count)) return ABSENT_UTF8;
    for (; end - at >= ASCII_TOGETHER; at += ASCII_TOGETHER)
        to = bits_of_any(at, ASCII_TOGETHER) < 0x80 ? write_ascii(at, to) : write_blocks(at, at + ASCII_TOGETHER, to);
    const u32 *end_of_blocks = at + (end - at) / TOGETHER * TOGETHER;
    to = write_blocks(at, end_of_blocks, to);
    for (at = end_of_blocks; at < end; at++) to = write_used(utf8_bytes(*at), used_bytes(*at), to);
    return (u64)(to - begin);
}
