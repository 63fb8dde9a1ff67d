#include "words.h"

/* A bit for each byte. */
#define BLOCK_BYTES 64

static inline u64 of_each(u8 byte) { return byte * 0x0101010101010101u; }

/* A bit for each of eight bytes that is a space or less. */
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

static inline void look_at_block(struct cuts *cuts) {
    cuts->low = cuts->body - cuts->block >= BLOCK_BYTES ? low_of_block(cuts->block) : low_at_end(cuts->block, cuts->body);
}

static const u8 *end_of_body(const struct characters *all, const u8 *text, const u8 *end) {
    while (end > text) {
        const u8 *last = character_before(end);
        if (!(flags_of(all, last) & WHITE)) break;
        end = last;
    }
    return end;
}

struct cuts cuts_of(const struct characters *all, const u8 *text, const u8 *end) {
    struct cuts cuts = {all, text, end_of_body(all, text, end), end, 0};
    look_at_block(&cuts);
    cuts.low &= ~(u64)1; /* what is in front of the text is no word */
    return cuts;
}

static inline int may_cut(const struct characters *all, const u8 *at) {
    if (*at == ' ') return flags_of(all, character_before(at)) & MAY_END_WORD && flags_of(all, at + 1) & MAY_BEGIN_WORD;
    return *at == '\n' && flags_of(all, character_before(at)) & MAY_END_LINE;
}

const u8 *next_cut(struct cuts *cuts) {
    for (;;) {
        for (; cuts->low; cuts->low &= cuts->low - 1) {
            const u8 *at = cuts->block + __builtin_ctzll(cuts->low);
            if (!may_cut(cuts->all, at)) continue;
            cuts->low &= cuts->low - 1;
            return at;
        }
        if (cuts->body - cuts->block <= BLOCK_BYTES) return cuts->end;
        cuts->block += BLOCK_BYTES;
        look_at_block(cuts);
    }
}
