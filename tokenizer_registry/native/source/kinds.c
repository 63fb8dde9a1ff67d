#include "kinds.h"

#include "byte_bits.h"

static inline u64 is(bytes64 bytes, u8 byte) { return bits_of((bytes64)(bytes == byte)); }

static inline u64 is_from(bytes64 bytes, u8 first, u8 count) { return bits_of((bytes64)((bytes64)(bytes - first) < count)); }

/* For patterns in whose eyes ASCII has these kinds; packing makes sure of that. */
static inline void read_ascii(struct kinds *k, bytes64 bytes) {
    u64 upper = is_from(bytes, 'A', 26), lower = is_from(bytes, 'a', 26);
    k->letter = upper | lower;
    k->upper = upper;
    k->lower = lower;
    k->digit = is_from(bytes, '0', 10);
    k->line = is(bytes, '\n') | is(bytes, '\r');
    k->white = k->space | is_from(bytes, '\t', 5);
}

static inline u64 controls(bytes64 bytes, u64 white) { return (is_from(bytes, 0, ' ') & ~white) | is(bytes, 0x7F); }

static inline u8 kinds_at(struct kinds_reader *r, const u8 *at) {
    u32 class = class_of(r->all, at);
    r->flags &= *at < 0x80 ? ~(u32)0 : r->all->flags[class];
    return r->kinds[class];
}

static inline void put_kinds(struct kinds *k, u8 kinds, u64 bytes) {
    k->letter |= kinds & LETTER ? bytes : 0;
    k->upper |= kinds & UPPER ? bytes : 0;
    k->lower |= kinds & LOWER ? bytes : 0;
    k->digit |= kinds & DIGIT ? bytes : 0;
    k->white |= kinds & WHITE_SPACE ? bytes : 0;
    k->line |= kinds & LINE_END ? bytes : 0;
    k->mark |= kinds & MARK ? bytes : 0;
    k->han |= kinds & HAN ? bytes : 0;
}

/* Up to so many characters are put in one by one. */
#define FEW_CHARACTERS 10

/* Put in the characters that are not ASCII, where few are. */
static void read_few(struct kinds *k, struct kinds_reader *r, const u8 *block) {
    u64 open = ((u64)1 << r->open_bytes) - 1;
    put_kinds(k, r->open_kinds, open);
    r->open_bytes = 0;
    for (u64 left = k->first & ~k->ascii; left; left &= left - 1) {
        u32 at = (u32)__builtin_ctzll(left), size = character_length(block[at]);
        u8 kinds = kinds_at(r, block + at);
        put_kinds(k, kinds, (((u64)1 << size) - 1) << at);
        r->open_kinds = kinds;
        r->open_bytes = (u8)(at + size > BLOCK_BYTES ? at + size - BLOCK_BYTES : 0);
    }
}

static inline u64 with_kind(bytes64 kinds, u8 kind) { return bits_of((bytes64)((kinds & kind) != 0)); }

/* Find the kinds of their bytes first. Four bytes are written for each: too many ones fall on the next character, which
   is written later, or is ASCII. */
static void read_many(struct kinds *k, struct kinds_reader *r, const u8 *block) {
    u8 found[BLOCK_BYTES + 4] = {0};
    u32 at = 0;
    memset(found, r->open_kinds, 4);
    for (u64 left = k->first & ~k->ascii; left; left &= left - 1) {
        at = (u32)__builtin_ctzll(left);
        r->open_kinds = kinds_at(r, block + at);
        memset(found + at, r->open_kinds, 4);
    }
    at += character_length(block[at]);
    r->open_bytes = (u8)(at > BLOCK_BYTES ? at - BLOCK_BYTES : 0);
    bytes64 kinds = load_block(found);
    k->letter |= with_kind(kinds, LETTER) & ~k->ascii;
    k->upper |= with_kind(kinds, UPPER) & ~k->ascii;
    k->lower |= with_kind(kinds, LOWER) & ~k->ascii;
    k->digit |= with_kind(kinds, DIGIT) & ~k->ascii;
    k->white |= with_kind(kinds, WHITE_SPACE) & ~k->ascii;
    k->line |= with_kind(kinds, LINE_END) & ~k->ascii;
    k->mark = with_kind(kinds, MARK) & ~k->ascii;
    k->han = with_kind(kinds, HAN) & ~k->ascii;
}

/* Not inlined: most blocks of many texts are ASCII. */
__attribute__((noinline)) static void read_others(struct kinds *k, struct kinds_reader *r, const u8 *block) {
    u64 others = k->first & ~k->ascii;
    if (__builtin_popcountll(others) > FEW_CHARACTERS) read_many(k, r, block);
    else read_few(k, r, block);
}

struct kinds read_kinds(struct kinds_reader *r, const u8 *block) {
    u8 last[BLOCK_BYTES];
    if (r->end - block < BLOCK_BYTES) {
        u32 length = block < r->end ? (u32)(r->end - block) : 0;
        memset(last, ' ', sizeof last);
        if (length) memcpy(last, block, length);
        block = last;
    }
    bytes64 bytes = load_block(block);
    struct kinds k = {
        .first = bits_of((bytes64)((bytes & 0xC0) != 0x80)),
        .space = is(bytes, ' '),
        .apostrophe = is(bytes, '\''),
        .slash = is(bytes, '/'),
        .ascii = bits_of((bytes64)(bytes < 0x80)),
    };
    read_ascii(&k, bytes);
    if (r->has_controls) k.upper |= controls(bytes, k.white);
    if (__builtin_expect(k.ascii != ~(u64)0, 0)) read_others(&k, r, block);
    return k;
}
