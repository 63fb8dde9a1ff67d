#include "segment.h"

#include "normal.h"

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

/* Behind a text, so that keys of its pieces are read at once. */
#define READABLE 16

static const u8 BAR[3] = {0xE2, 0x96, 0x81}; /* U+2581, which stands for a space in pieces */

/* The segment with bars for its spaces, and one in front where the owner puts a space there. */
static u8 *barred(struct counting *c, const u8 *text, u32 *length, int opens) {
    u8 *begin = scratch_room(&c->room->text, ((size_t)*length + 1) * sizeof BAR + READABLE), *to = begin;
    if (!begin) {
        c->failed = NO_MEMORY;
        return NULL;
    }
    if (opens && c->vocabulary->puts_space_first) to = (u8 *)memcpy(to, BAR, sizeof BAR) + sizeof BAR;
    for (u32 at = 0; at < *length; at++) {
        if (text[at] == ' ') to = (u8 *)memcpy(to, BAR, sizeof BAR) + sizeof BAR;
        else *to++ = text[at];
    }
    if (to - begin > MAX_TEXT_BYTES) {
        c->failed = TOO_LONG;
        return NULL;
    }
    *length = (u32)(to - begin);
    c->end = to + READABLE;
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
        c->failed = NO_MEMORY;
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

/* A copy, which may be written to. */
static const u8 *copied(struct counting *c, const u8 *text, u32 length) {
    u8 *copy = scratch_room(&c->room->text, (size_t)length + 1);
    if (!copy) c->failed = NO_MEMORY;
    return copy ? memcpy(copy, text, length) : NULL;
}

static u32 count_in_form(struct counting *c, const struct segment *segment) {
    const u8 *text = segment->text;
    u32 length = segment->length;
    /* The space that a word was cut at is put in front of it anyway, or does not count. */
    if (!segment->opens) text++, length--;
    if (segment->is_normalized) text = copied(c, text, length);
    else text = normalized(c->vocabulary, c->all, text, &length, &c->room->text, &c->failed);
    if (!text) return NOT_COUNTED;
    if (c->vocabulary->method == WORD_PIECES) add(c, count_word_pieces(&c->vocabulary->word_pieces, (u8 *)text, length));
    else count_unigram_words(c, text, length);
    return c->failed ? NOT_COUNTED : c->count;
}

u32 count_own_text(const struct vocabulary *vocabulary, const u8 *text, u32 length, struct room *room) {
    struct counting c = {.vocabulary = vocabulary, .room = room};
    if (vocabulary->method == UNIGRAM) return count_unigram(&vocabulary->unigram, text, length, &room->work);
    count_piece(&c, text, length);
    return c.failed ? NOT_COUNTED : c.count;
}

int may_leave(const struct vocabulary *vocabulary) {
    return vocabulary->plain || vocabulary->method == UNIGRAM || vocabulary->method == WORD_PIECES;
}

u32 count_segment(struct counting *c, const struct segment *segment) {
    const struct vocabulary *vocabulary = c->vocabulary;
    const u8 *text = segment->text;
    u32 length = segment->length;
    c->count = 0;
    c->failed = 0;
    if (vocabulary->method == UNIGRAM || vocabulary->method == WORD_PIECES) return count_in_form(c, segment);
    if (vocabulary->plain && !segment->is_normalized && !is_plain(c, text, length)) return NOT_COUNTED;
    c->end = segment->end;
    if (vocabulary->method == PIECES_BY_RANK) {
        text = barred(c, text, &length, segment->opens);
        if (!text) return NOT_COUNTED;
    }
    count_around_added(c, text, length);
    return c->failed ? NOT_COUNTED : c->count;
}
