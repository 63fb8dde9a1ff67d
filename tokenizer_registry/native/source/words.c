#include "words.h"

#include "byte_bits.h"

/* Return a bit for each byte that is a space or below. */
static inline u64 low_of_block(const u8 *block) { return bits_of((bytes64)(load_block(block) <= ' ')); }

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
