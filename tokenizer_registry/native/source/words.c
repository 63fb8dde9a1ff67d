#include "words.h"

static inline int is_word(const struct row *row, const struct word *word) {
    return row->hash == word->hash && row->length == word->length && row->opens == word->opens &&
           are_equal(row->word, word->text, word->length);
}

static inline struct row *first_row(struct row *rows, u64 hash) { return rows + (hash & (ROWS - 1)); }

static inline struct row *second_row(struct row *rows, u64 hash) { return rows + (hash >> 32 & (ROWS - 1)); }

void note_word(struct word *word, struct row *rows, const u8 *text, u32 length, int opens) {
    word->text = text;
    word->length = length;
    word->opens = opens;
    if (length > WORD_BYTES) return;
    word->hash = hash_bytes(text, length) ^ (opens ? ~(u64)0 : 0);
    struct row *first = first_row(rows, word->hash);
    __builtin_prefetch(first);
    __builtin_prefetch(first->counts);
    __builtin_prefetch(second_row(rows, word->hash));
}

struct row *row_of(struct row *rows, const struct word *word) {
    struct row *first = first_row(rows, word->hash), *second = second_row(rows, word->hash);
    if (is_word(first, word)) return first;
    if (is_word(second, word)) return second;
    /* The newest word takes its first place; the word that was there goes to its other one. */
    struct row *other = first_row(rows, first->hash);
    *(other == first ? second_row(rows, first->hash) : other) = *first;
    *first = (struct row){.hash = word->hash, .opens = (u8)word->opens, .length = (u8)word->length};
    memcpy(first->word, word->text, word->length);
    return first;
}

const u8 *next_cut(const struct characters *all, const u8 *at, const u8 *body, const u8 *end) {
    for (at++; at < body; at++) {
        if (*at > ' ') continue;
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
