#include "pre_tokens.h"

#include "bpe.h"
#include "longest_match.h"
#include "normalizer.h"

/* Count a pre-token of a text in lower case, which is our own copy, with the end of a word in place of the next byte. */
static void count_ended_word(struct counting *c, u8 *word, u32 length) {
    u8 next = word[length];
    word[length] = *c->vocabulary->end_of_word;
    count_pre_token(c, word, length + 1);
    word[length] = next;
}

/* Apply the splits from `number` on, each to the pre-tokens of the one before it. */
static void cut(struct counting *c, u32 number, const u8 *text, const u8 *end) {
    if (text == end) return;
    if (number == c->vocabulary->split_count) {
        if (c->vocabulary->end_of_word) count_ended_word(c, (u8 *)text, (u32)(end - text));
        else if (number) count_pre_token(c, text, (u32)(end - text));
        else count_unsplit(c, text, end);
        return;
    }
    const struct split *split = c->vocabulary->splits + number;
    const u8 *gap = text;
    for (const u8 *at = text; at < end;) {
        const u8 *found = match_split(split, c->all, at, end);
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

/* Count added tokens wherever they occur, and split the text between them. */
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

/* Count each word with a meta space in front. Several spaces are one; those at the end are dropped if `strips_end`. */
static void count_unigram_words(struct counting *c, const u8 *text, u32 length) {
    while (c->vocabulary->strips_end && length && text[length - 1] == ' ') length--;
    if (!length) return;
    u8 *word = scratch_reserve(&c->buffers->symbols, (size_t)length + sizeof META_SPACE);
    if (!word) {
        c->failed = NO_MEMORY;
        return;
    }
    memcpy(word, META_SPACE, sizeof META_SPACE);
    for (u32 at = *text == ' '; at <= length; at++) {
        while (at < length && at && text[at] == ' ' && text[at - 1] == ' ') at++;
        u32 begin = at;
        while (at < length && text[at] != ' ') at++;
        memcpy(word + sizeof META_SPACE, text + begin, at - begin);
        u32 size = at - begin + (u32)sizeof META_SPACE;
        if (is_one_token(c->vocabulary, word, size)) add(c, 1);
        else add(c, count_unigram(&c->vocabulary->unigram, word, size, &c->buffers->work));
    }
}

/* Return a copy that may be written to. */
static const u8 *copy_of(struct counting *c, const u8 *text, u32 length) {
    u8 *copy = scratch_reserve(&c->buffers->text, (size_t)length + 1);
    if (!copy) c->failed = NO_MEMORY;
    return copy ? memcpy(copy, text, length) : NULL;
}

static u32 count_normalized(struct counting *c, const struct span *span) {
    const u8 *text = span->text;
    u32 length = span->length;
    /* The normalizer puts a space in front of each word itself, or drops it. */
    if (!span->is_first) text++, length--;
    if (span->is_normalized) text = copy_of(c, text, length);
    else text = normalize(c->vocabulary, c->all, text, &length, &c->buffers->text, &c->failed);
    if (!text) return UNRESOLVED;
    const struct vocabulary *v = c->vocabulary;
    if (v->method == WORD_PIECES) add(c, count_word_pieces(&v->word_pieces, (u8 *)text, length));
    /* Only the last word of a text may become nothing, and leaves the space before it. */
    else if (!length && !span->is_first) count_unigram_words(c, (const u8 *)" ", 1);
    else count_unigram_words(c, text, length);
    return c->failed ? UNRESOLVED : c->count;
}

static u32 count_unsplit_text(struct counting *c, const struct span *span) {
    const struct vocabulary *v = c->vocabulary;
    u32 length = span->length;
    const u8 *text = map_characters(&v->charsmap, span->text, &length, &c->buffers->text, &c->failed);
    if (text) add(c, count_unsplit_unigram(&v->unsplit_unigram, text, length, &c->buffers->work));
    return c->failed ? UNRESOLVED : c->count;
}

u32 count_token_text(const struct vocabulary *vocabulary, const u8 *text, u32 length, struct buffers *buffers) {
    struct counting c = {.vocabulary = vocabulary, .buffers = buffers};
    if (vocabulary->method == UNIGRAM) return count_unigram(&vocabulary->unigram, text, length, &buffers->work);
    count_pre_token(&c, text, length);
    return c.failed ? UNRESOLVED : c.count;
}

int may_be_unresolved(const struct vocabulary *vocabulary) {
    return vocabulary->plain || vocabulary->method == UNIGRAM || vocabulary->method == WORD_PIECES;
}

u32 count_span(struct counting *c, const struct span *span) {
    const struct vocabulary *vocabulary = c->vocabulary;
    const u8 *text = span->text;
    u32 length = span->length;
    c->count = 0;
    c->failed = 0;
    if (vocabulary->method == UNIGRAM || vocabulary->method == WORD_PIECES) return count_normalized(c, span);
    if (vocabulary->method == UNSPLIT_UNIGRAM) return count_unsplit_text(c, span);
    if (vocabulary->plain && !span->is_normalized && find_unnormalized(c, text, text + length)) return UNRESOLVED;
    c->end = span->end;
    if (vocabulary->method == LONGEST_MATCH)
        return count_longest_matches(&vocabulary->unigram.tokens, vocabulary->whole, text, length);
    if (vocabulary->method == CHARACTER_BPE) text = with_meta_spaces(c, text, &length, span->is_first);
    else if (vocabulary->end_of_word) text = lower_case(c, text, &length);
    if (!text) return UNRESOLVED;
    count_around_added(c, text, length);
    return c->failed ? UNRESOLVED : c->count;
}
