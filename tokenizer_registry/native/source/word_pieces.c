#include "word_pieces.h"

#define MAX_CHARACTERS 100

static int is_letter(u8 byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte >= 0x80;
}

static u32 longest_piece(const struct string_table *table, const u8 *at, u32 length) {
    u32 tried = length < table->longest ? length : table->longest;
    for (; tried; tried--) {
        if (tried < length && (at[tried] & 0xC0) == 0x80) continue;
        if (find_string(table, at, tried) != ABSENT) return tried;
    }
    return 0;
}

/* A word that the pieces do not cover is one token, as is one that is too long. */
static u32 count_word(const struct word_pieces *model, const u8 *word, u32 length) {
    u32 characters = 0, count = 0;
    for (u32 at = 0; at < length; at++) characters += (word[at] & 0xC0) != 0x80;
    if (characters > MAX_CHARACTERS) return 1;
    for (u32 at = 0; at < length; count++) {
        u32 piece = longest_piece(at ? &model->continuations : &model->beginnings, word + at, length - at);
        if (!piece) return 1;
        at += piece;
    }
    return count;
}

static void lower_ascii(u8 *text, u32 length) {
    for (u32 at = 0; at < length; at++)
        if (text[at] >= 'A' && text[at] <= 'Z') text[at] += 'a' - 'A';
}

u32 count_word_pieces(const struct word_pieces *model, u8 *text, u32 length) {
    if (!model->keeps_case) lower_ascii(text, length);
    u32 count = 0;
    for (u32 at = 0; at < length;) {
        u32 end = at;
        while (end < length && is_letter(text[end])) end++;
        if (end > at) {
            count += count_word(model, text + at, end - at);
        } else {
            if (text[at] != ' ') count += count_word(model, text + at, 1);
            end = at + 1;
        }
        at = end;
    }
    return count;
}
