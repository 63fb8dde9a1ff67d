#include "piece.h"

#include "merge_ranks.h"

static u32 *symbols(struct counting *c, u32 count) {
    u32 *found = scratch_room(&c->room->symbols, ((size_t)count + 1) * sizeof *found);
    if (!found) c->failed = NO_MEMORY;
    return found;
}

static u32 merged_by_rank(const struct counting *c, const u8 *text, u32 *begins, u32 count) {
    const struct vocabulary *v = c->vocabulary;
    struct merges_by_rank merges = {&v->unigram.tokens, v->ranks, v->ascii_pairs};
    return merge_by_rank(&merges, text, begins, count, &c->room->work);
}

/* The text without the bytes that its owner leaves out, if there are any. */
static const u8 *without_left_out(struct counting *c, const u8 *text, u32 *length) {
    const u8 *left_out = c->vocabulary->left_out;
    u32 at = 0;
    while (at < *length && !left_out[text[at]]) at++;
    if (at == *length) return text;
    u8 *kept = scratch_room(&c->room->text, *length);
    if (!kept) {
        c->failed = NO_MEMORY;
        return text;
    }
    u32 count = 0;
    for (at = 0; at < *length; at++)
        if (!left_out[text[at]]) kept[count++] = text[at];
    *length = count;
    return kept;
}

static void count_bytes(struct counting *c, const u8 *text, u32 length) {
    if (c->vocabulary->left_out) text = without_left_out(c, text, &length);
    u32 *begins = symbols(c, length);
    if (!begins) return;
    for (u32 at = 0; at <= length; at++) begins[at] = at;
    add(c, merged_by_rank(c, text, begins, length));
}

static void count_pieces(struct counting *c, const u8 *text, u32 length) {
    const struct strings *tokens = &c->vocabulary->unigram.tokens;
    u32 *begins = symbols(c, length), count = 0;
    if (!begins) return;
    for (u32 at = 0; at < length; at += character_length(text[at])) begins[count++] = at;
    begins[count] = length;
    count = merged_by_rank(c, text, begins, count);
    add(c, count);
    if (c->failed) return;
    for (u32 at = 0; at < count; at++) {
        u32 size = begins[at + 1] - begins[at];
        /* A character without a piece is as many tokens as it has bytes. */
        if (size > 1 && size == character_length(text[begins[at]]) && find_string(tokens, text + begins[at], size) == ABSENT)
            c->count += size - 1;
    }
}

/* Where no bits tell, each token in the table is. */
int is_whole(const struct vocabulary *v, const u8 *text, u32 length) {
    int by_bits = v->method == PIECES_BY_RANK || v->method == UNIGRAM;
    if (!v->unigram.tokens.count || (by_bits && !v->whole)) return 0;
    u32 number = find_string(&v->unigram.tokens, text, length);
    return number != ABSENT && (!by_bits || v->whole[number >> 3] >> (number & 7) & 1);
}

static void count_new(struct counting *c, const u8 *text, u32 length) {
    if (is_whole(c->vocabulary, text, length)) add(c, 1);
    else if (c->vocabulary->method == BYTES_BY_RANK) count_bytes(c, text, length);
    else count_pieces(c, text, length);
}

void count_piece(struct counting *c, const u8 *text, u32 length) {
    if (!c->known.rows || length > SHORT_BYTES) {
        count_new(c, text, length);
        return;
    }
    u8 *known = counts_of_piece(c->known.rows, key_of(text, length, 0, c->end)) + c->known.place;
    u32 before = c->count;
    if (*known != UNKNOWN) {
        add(c, *known);
    } else {
        count_new(c, text, length);
        if (!c->failed) *known = (u8)(c->count - before);
    }
}

/* Where two characters stand that no token has side by side, nothing is ever merged. */
void count_apart(struct counting *c, const u8 *text, const u8 *end) {
    const u32 *pairs = c->vocabulary->ascii_pairs;
    const u8 *begin = text;
    for (const u8 *at = text + 1; pairs && at < end; at++) {
        if (at[-1] >= 0x80 || at[0] >= 0x80 || ascii_pair(pairs, at - 1) != NEVER_JOINED) continue;
        count_piece(c, begin, (u32)(at - begin));
        begin = at;
    }
    count_piece(c, begin, (u32)(end - begin));
}
