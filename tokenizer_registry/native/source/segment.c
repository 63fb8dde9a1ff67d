#include "segment.h"

#include "merge_pairs.h"
#include "merge_ranks.h"
#include "normal.h"

/* The number of tokens so far, and what it takes to go on. `failed`: there was no memory. */
struct counting {
    const struct vocabulary *vocabulary;
    const struct characters *all;
    struct room *room;
    u32 count;
    int failed;
};

static void add(struct counting *c, u32 count) {
    if (count == UINT32_MAX) c->failed = 1;
    else c->count += count;
}

static u32 *symbols(struct counting *c, u32 count) {
    u32 *found = scratch_room(&c->room->symbols, ((size_t)count + 1) * sizeof *found);
    if (!found) c->failed = 1;
    return found;
}

static u32 merged_by_rank(const struct counting *c, const u8 *text, u32 *begins, u32 count) {
    const struct vocabulary *v = c->vocabulary;
    struct merges_by_rank merges = {&v->unigram.tokens, v->ranks, v->ascii_pairs};
    return merge_by_rank(&merges, text, begins, count, &c->room->work);
}

static void count_bytes_by_rank(struct counting *c, const u8 *text, u32 length) {
    u32 *begins = symbols(c, length);
    if (!begins) return;
    for (u32 at = 0; at <= length; at++) begins[at] = at;
    add(c, merged_by_rank(c, text, begins, length));
}

static void count_bytes_by_pair(struct counting *c, const u8 *text, u32 length) {
    u32 *tokens = symbols(c, length), count = 0;
    if (!tokens) return;
    for (u32 at = 0; at < length; at++) {
        tokens[count] = c->vocabulary->byte_numbers[text[at]];
        count += tokens[count] != NO_TOKEN; /* its owner leaves such a byte out */
    }
    add(c, merge_by_pair(&c->vocabulary->pairs, tokens, count, &c->room->work));
}

/* A character that is no token stands for its bytes. */
static void count_characters_by_pair(struct counting *c, const u8 *text, u32 length) {
    const struct vocabulary *v = c->vocabulary;
    u32 *tokens = symbols(c, length), count = 0;
    if (!tokens) return;
    for (u32 at = 0; at < length;) {
        u32 size = character_length(text[at]), single = find_string(&v->singles, text + at, size);
        if (single != ABSENT) tokens[count++] = v->single_numbers[single];
        else
            for (u32 byte = 0; byte < size; byte++) tokens[count++] = v->byte_numbers[text[at + byte]];
        at += size;
    }
    add(c, merge_by_pair(&v->pairs, tokens, count, &c->room->work));
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
        if (size == character_length(text[begins[at]]) && find_string(tokens, text + begins[at], size) == ABSENT)
            c->count += size - 1;
    }
}

/* Whether the text is a token that is what becomes of it. Where no bits tell, each token in the table is. */
static int is_whole(const struct vocabulary *v, const u8 *text, u32 length) {
    int by_bits = v->method == PIECES_BY_RANK || v->method == UNIGRAM;
    if (!v->unigram.tokens.count || (by_bits && !v->whole)) return 0;
    u32 number = find_string(&v->unigram.tokens, text, length);
    return number != ABSENT && (!by_bits || v->whole[number >> 3] >> (number & 7) & 1);
}

static void count_piece(struct counting *c, const u8 *text, u32 length) {
    if (is_whole(c->vocabulary, text, length)) {
        add(c, 1);
        return;
    }
    switch (c->vocabulary->method) {
    case BYTES_BY_RANK:
        count_bytes_by_rank(c, text, length);
        break;
    case BYTES_BY_PAIR:
        count_bytes_by_pair(c, text, length);
        break;
    case CHARACTERS_BY_PAIR:
        count_characters_by_pair(c, text, length);
        break;
    default:
        count_pieces(c, text, length);
    }
}

/* Pieces are cut where two characters stand that no token has side by side: there nothing is ever merged. */
static void count_apart(struct counting *c, const u8 *text, const u8 *end) {
    const u32 *pairs = c->vocabulary->ascii_pairs;
    const u8 *begin = text;
    for (const u8 *at = text + 1; pairs && at < end; at++) {
        if (at[-1] >= 0x80 || at[0] >= 0x80 || ascii_pair(pairs, at - 1) != NEVER_JOINED) continue;
        count_piece(c, begin, (u32)(at - begin));
        begin = at;
    }
    count_piece(c, begin, (u32)(end - begin));
}

/* Cut with the splits from this one on, each of which cuts the pieces of the one before it. */
static void cut(struct counting *c, u32 number, const u8 *text, const u8 *end) {
    if (text == end) return;
    if (number == c->vocabulary->split_count) {
        if (number) count_piece(c, text, (u32)(end - text));
        else count_apart(c, text, end);
        return;
    }
    const struct split *split = c->vocabulary->splits + number;
    const u8 *gap = text;
    for (const u8 *at = text; at < end;) {
        const u8 *found = match_at(split, c->all, at, end);
        if (!found) {
            at += step(split, at);
            continue;
        }
        if (!split->drops_gaps) cut(c, number + 1, gap, at);
        cut(c, number + 1, at, found);
        gap = at = found;
    }
    if (!split->drops_gaps) cut(c, number + 1, gap, end);
}

static u32 longest_added(const struct vocabulary *v, const u8 *at, u32 left) {
    u32 longest = 0;
    if (!v->may_begin_added[*at]) return 0;
    for (u32 length = character_length(*at); length <= left;) {
        u32 found = find_string(&v->added, at, length);
        if (found == ABSENT) break;
        if (v->added_ends[found]) longest = length;
        if (length == left) break;
        length += character_length(at[length]);
    }
    return longest;
}

/* What is a token wherever it stands comes first; what lies between is cut. */
static void count_around_added(struct counting *c, const u8 *text, u32 length) {
    const u8 *end = text + length, *gap = text;
    for (const u8 *at = text; c->vocabulary->added.count && at < end;) {
        u32 found = longest_added(c->vocabulary, at, (u32)(end - at));
        if (!found) {
            at += character_length(*at);
            continue;
        }
        cut(c, 0, gap, at);
        add(c, 1);
        gap = at += found;
    }
    cut(c, 0, gap, end);
}

static const u8 BAR[3] = {0xE2, 0x96, 0x81}; /* U+2581, which stands for a space in pieces */

/* The segment with bars for its spaces, and one in front where the owner puts a space there. */
static u8 *barred(struct counting *c, const u8 *text, u32 *length, int opens) {
    u8 *begin = scratch_room(&c->room->text, ((size_t)*length + 1) * sizeof BAR), *to = begin;
    if (!begin) return NULL;
    if (opens && c->vocabulary->puts_space_first) to = (u8 *)memcpy(to, BAR, sizeof BAR) + sizeof BAR;
    for (u32 at = 0; at < *length; at++) {
        if (text[at] == ' ') to = (u8 *)memcpy(to, BAR, sizeof BAR) + sizeof BAR;
        else *to++ = text[at];
    }
    *length = (u32)(to - begin);
    return begin;
}

static int is_plain(const struct counting *c, const u8 *text, u32 length) {
    for (const u8 *at = text, *end = text + length; at < end; at += character_length(*at))
        if (*at >= 0x80 && !(flags_of(c->all, at) & c->vocabulary->plain)) return 0;
    return 1;
}

/* Words with a bar for the space in front; several spaces are one, and those at the end may not count. */
static void count_unigram_words(struct counting *c, const u8 *text, u32 length) {
    while (c->vocabulary->strips_end && length && text[length - 1] == ' ') length--;
    if (!length) return;
    u8 *word = scratch_room(&c->room->symbols, (size_t)length + sizeof BAR);
    if (!word) {
        c->failed = 1;
        return;
    }
    memcpy(word, BAR, sizeof BAR);
    for (u32 at = *text == ' '; at <= length; at++) {
        while (at < length && at && text[at] == ' ' && text[at - 1] == ' ') at++;
        u32 begin = at;
        while (at < length && text[at] != ' ') at++;
        memcpy(word + sizeof BAR, text + begin, at - begin);
        u32 size = at - begin + (u32)sizeof BAR;
        add(c, is_whole(c->vocabulary, word, size) ? 1 : count_unigram(&c->vocabulary->unigram, word, size, &c->room->work));
    }
}

static u32 count_normalized(struct counting *c, const u8 *text, u32 length, int opens) {
    /* The space that a word was cut at is put in front of it anyway, or does not count. */
    if (!opens) text++, length--;
    text = normalized(c->vocabulary, c->all, text, &length, &c->room->text);
    if (!text) return NOT_COUNTED;
    if (c->vocabulary->method == WORD_PIECES) add(c, count_word_pieces(&c->vocabulary->word_pieces, (u8 *)text, length));
    else count_unigram_words(c, text, length);
    return c->failed ? NOT_COUNTED : c->count;
}

u32 count_own_text(const struct vocabulary *vocabulary, const u8 *text, u32 length, struct room *room) {
    struct counting c = {vocabulary, NULL, room, 0, 0};
    if (vocabulary->method == UNIGRAM) return count_unigram(&vocabulary->unigram, text, length, &room->work);
    count_piece(&c, text, length);
    return c.failed ? NOT_COUNTED : c.count;
}

u32 count_segment(    const struct vocabulary *vocabulary, const struct characters *all, const struct segment *segment, struct room *room
) {
    struct counting c = {vocabulary, all, room, 0, 0};
    const u8 *text = segment->text;
    u32 length = segment->length;
    if (vocabulary->method == UNIGRAM || vocabulary->method == WORD_PIECES)
        return count_normalized(&c, text, length, segment->opens);
    if (vocabulary->plain && !segment->is_normalized && !is_plain(&c, text, length)) return NOT_COUNTED;
    if (vocabulary->method == PIECES_BY_RANK || vocabulary->method == CHARACTERS_BY_PAIR) {
        text = barred(&c, text, &length, segment->opens);
        if (!text) return NOT_COUNTED;
    }
    count_around_added(&c, text, length);
    return c.failed ? NOT_COUNTED : c.count;
}
