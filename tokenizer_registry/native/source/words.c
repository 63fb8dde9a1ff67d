#include "words.h"

static inline u64 of_each(u8 byte) { return byte * 0x0101010101010101u; }

/* Return a bit for each of eight bytes that is a space or below. */
static inline u64 low_of_eight(const u8 *at) {
    u64 bytes = load64(at), high_bits = of_each(0x80);
    u64 low = ~(bytes | ((bytes & ~high_bits) + of_each(0x80 - ' ' - 1))) & high_bits;
    return (low >> 7) * 0x0102040810204080u >> 56;
}

static inline u64 low_of_block(const u8 *block) {
    u64 low = 0;
    for (u32 at = 0; at < BLOCK_BYTES; at += 8) low |= low_of_eight(block + at) << at;
    return low;
}

static u64 low_at_end(const u8 *block, const u8 *end) {
    u8 last[BLOCK_BYTES];
    memset(last, 0xFF, sizeof last);
    memcpy(last, block, (size_t)(end - block));
    return low_of_block(last);
}

static const u8 *end_of_body(const struct characters *all, const u8 *text, const u8 *end) {
    while (end > text) {
        const u8 *last = character_before(end);
        if (!(flags_of(all, last) & WHITE)) break;
        end = last;
    }
    return end;
}

struct cutter start_cutting(const struct characters *all, const u8 *text, const u8 *end) {
    return (struct cutter){all, text, text, end_of_body(all, text, end), end};
}

/* Return 1 or 0, with few branches: whether a place is a cut is hard to predict. */
static inline u32 may_cut(const struct characters *all, const u8 *at) {
    u32 is_space = *at == ' ', is_line = *at == '\n';
    u32 before = flags_of(all, character_before(at)), after = flags_of(all, at + is_space);
    return (is_space & before / MAY_END_WORD & after / MAY_BEGIN_WORD) | (is_line & before / MAY_END_LINE);
}

u32 next_cuts(struct cutter *cutter, const u8 **cuts) {
    u32 count = 0;
    for (; cutter->block < cutter->body && count < CUTS_AT_ONCE; cutter->block += BLOCK_BYTES) {
        int is_last = cutter->body - cutter->block < BLOCK_BYTES;
        u64 low = is_last ? low_at_end(cutter->block, cutter->body) : low_of_block(cutter->block);
        if (cutter->block == cutter->text) low &= ~(u64)1; /* nothing is before the first byte */
        for (; low; low &= low - 1) {
            cuts[count] = cutter->block + __builtin_ctzll(low);
            count += may_cut(cutter->all, cuts[count]);
        }
    }
    if (cutter->block >= cutter->body) cuts[count++] = cutter->end;
    return count;
}

static int is_cut(const struct cutter *cutter, const u8 *at) {
    return at < cutter->body && (*at == ' ' || *at == '\n') && may_cut(cutter->all, at);
}

const u8 *cut_before(const struct cutter *cutter, const u8 *at) {
    while (at > cutter->text && !is_cut(cutter, at)) at--;
    return at;
}

const u8 *cut_behind(const struct cutter *cutter, const u8 *at) {
    do at++;
    while (at < cutter->end && !is_cut(cutter, at));
    return at;
}
