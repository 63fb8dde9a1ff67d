#include "words.h"

static inline int is_word(const struct row *row, u64 hash, const u8 *word, u32 length, int opens) {
    return row->hash == hash && row->length == length && row->opens == opens && are_equal(row->word, word, length);
}

struct row *row_of(struct row *rows, const u8 *word, u32 length, int opens) {
    u64 hash = hash_bytes(word, length) ^ (opens ? ~(u64)0 : 0);
    struct row *first = rows + (hash & (ROWS - 2)), *second = first + 1;
    if (is_word(first, hash, word, length, opens)) return first;
    if (is_word(second, hash, word, length, opens)) return second;
    /* The newest word takes the first place, and the one that was there the second. */
    *second = *first;
    *first = (struct row){.hash = hash, .opens = (u8)opens, .length = (u8)length};
    memcpy(first->word, word, length);
    return first;
}

const u8 *next_cut(const struct characters *all, const u8 *at, const u8 *body, const u8 *end) {
    for (at++; at < body; at++) {
        if (*at == ' ') {
            if (flags_of(all, character_before(at)) & MAY_END_WORD && flags_of(all, at + 1) & MAY_BEGIN_WORD) return at;
        } else if (*at == '\n' && flags_of(all, character_before(at)) & MAY_END_LINE) {
            return at;
        }
    }
    return end;
}

const u8 *end_of_body(const struct characters *all, const u8 *text, const u8 *end) {
    while (end > text) {
        const u8 *last = character_before(end);
        if (!(flags_of(all, last) & WHITE)) break;
        end = last;
    }
    return end;
}
