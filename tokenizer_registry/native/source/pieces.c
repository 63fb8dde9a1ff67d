#include "pieces.h"

#include "bpe.h"
#include "normalizer.h"
#include "splitter.h"
#include "words.h"

/* A pre-token that is not in the table, and where it is to be kept; `shorts` if it is short. */
struct short_piece {
    u64 low, high;
    struct piece_line *line;
};

struct new_piece {
    const struct piece *piece;
    const struct short_piece *shorts;
    struct long_piece longs;
};

/* A text that is counted with the vocabulary in a slot. `waiting` of `news` are to be merged in turn. */
struct text_pieces {
    struct counting counting;
    struct piece_table *table;
    u32 slot, waiting;
    u64 total;
    struct new_piece news[MAX_TOGETHER];
    struct few_symbols symbols[MAX_TOGETHER];
};

static inline struct short_piece short_piece_of(const struct text_pieces *t, const u8 *text, u32 length) {
    u64 numbers[2] = {0};
    if (t->counting.end - text >= 16) load_padded(text, length, numbers, numbers + 1);
    else memcpy(numbers, text, length);
    numbers[1] |= piece_tag(length, t->slot);
    return (struct short_piece){numbers[0], numbers[1], short_line(t->table, numbers[0], numbers[1])};
}

static void add_new(struct text_pieces *t, const struct new_piece *one, u32 count) {
    t->total += count;
    if (one->piece->length <= SHORT_PIECE)
        keep_short_piece(one->shorts->line, one->shorts->low, one->shorts->high, count);
    else if (one->piece->length <= LONG_PIECE) keep_long_piece(&one->longs, count);
}

static u32 find_new(struct text_pieces *t, struct new_piece *one, const struct short_piece *shorts) {
    u32 length = one->piece->length;
    one->shorts = shorts;
    if (length <= SHORT_PIECE) return find_short_piece(shorts->line, shorts->low, shorts->high);
    if (length > LONG_PIECE) return 0;
    one->longs = long_piece_of(t->table, one->piece->text, length, t->slot, t->counting.end);
    return find_long_piece(&one->longs);
}

/* Return the number of tokens, or 0 if the symbols of the piece are ready to be merged. */
static u32 begin_new(struct text_pieces *t, struct new_piece *one) {
    const struct vocabulary *v = t->counting.vocabulary;
    const u8 *text = one->piece->text;
    u32 length = one->piece->length;
    if (find_string(&v->unigram.tokens, text, length) != ABSENT) return 1;
    if (length <= MAX_MERGED_BYTES) return begin_merging(&v->pairs, text, length, t->symbols + t->waiting);
    t->counting.count = 0;
    count_pre_token(&t->counting, text, length);
    return t->counting.failed ? 1 : t->counting.count; /* nothing is ready; the total is not used */
}

static void merge_waiting(struct text_pieces *t) {
    merge_together(&t->counting.vocabulary->pairs, t->symbols, t->waiting);
    for (u32 number = 0; number < t->waiting; number++) add_new(t, t->news + number, few_left(t->symbols + number));
    t->waiting = 0;
}

static void count_new(struct text_pieces *t, const struct piece *piece, const struct short_piece *shorts) {
    struct new_piece *one = t->news + t->waiting;
    one->piece = piece;
    u32 known = find_new(t, one, shorts), count = known ? known : begin_new(t, one);
    if (known) t->total += known;
    else if (count) add_new(t, one, count);
    else if (++t->waiting == MAX_TOGETHER) merge_waiting(t);
}

/* Prefetch where each short piece would be, add the counts of those that are there, and prefetch what is needed for the
   others before the first of them is counted: loading from memory takes longest. */
static void count_pieces(struct text_pieces *t, const struct piece *pieces, u32 count) {
    const struct string_table *tokens = &t->counting.vocabulary->unigram.tokens;
    struct short_piece shorts[MAX_PIECES];
    u16 unknown[MAX_PIECES];
    u32 unknown_count = 0;
    for (u32 number = 0; number < count; number++) {
        if (pieces[number].length > SHORT_PIECE) continue;
        shorts[number] = short_piece_of(t, pieces[number].text, pieces[number].length);
        __builtin_prefetch(shorts[number].line);
    }
    for (u32 number = 0; number < count; number++) {
        const struct short_piece *one = shorts + number;
        u32 known = pieces[number].length > SHORT_PIECE ? 0 : find_short_piece(one->line, one->low, one->high);
        t->total += known;
        if (known) continue;
        unknown[unknown_count++] = (u16)number;
        u64 hash = seek(pieces[number].text, pieces[number].length).hash;
        __builtin_prefetch(tokens->buckets + first_bucket(hash, tokens->capacity));
    }
    for (u32 at = 0; at < unknown_count; at++) count_new(t, pieces + unknown[at], shorts + unknown[at]);
    merge_waiting(t);
}

int has_pieces(const struct vocabulary *v) {
    return v->method == BYTE_BPE && v->pairs.capacity && v->split_count == 1 && !v->added.count && !v->left_out;
}

static void start_counting(
    struct text_pieces *t, struct counter *counter, struct counter_set *set, u32 slot, const u8 *end
) {
    t->counting = (struct counting){
        .vocabulary = set->vocabularies[slot], .all = set->all, .buffers = &counter->buffers, .end = end,
    };
    t->table = counter->pieces;
    t->slot = slot;
    t->waiting = 0;
    t->total = 0;
}

/* Count a text or a part of it that begins and ends at cuts between words. Return the flags that all characters have of
   those that the splitter sees, and where these end. */
static u32 count_part(struct text_pieces *t, const u8 *text, const u8 *end, const u8 **seen) {
    const struct vocabulary *vocabulary = t->counting.vocabulary;
    struct piece pieces[MAX_PIECES];
    struct splitter splitter = start_splitting(vocabulary->splits, &vocabulary->border_style, t->counting.all, text, end);
    *seen = splitter.body;
    for (u32 count; (count = next_pieces(&splitter, pieces));) count_pieces(t, pieces, count);
    return splitter.body > text ? splitter.reader.flags : ~(u32)0;
}

static enum pieces_result add_total(const struct text_pieces *t, u64 *total) {
    if (t->counting.failed) return PIECES_FAILED;
    *total += t->total;
    return PIECES_COUNTED;
}

enum pieces_result count_by_pieces(
    struct counter *counter, struct counter_set *set, u32 slot, const u8 *text, u32 length, int is_normalized,
    u64 *total
) {
    struct text_pieces t;
    const u8 *end = text + length, *seen;
    start_counting(&t, counter, set, slot, end);
    u32 plain = is_normalized ? 0 : t.counting.vocabulary->plain, flags = count_part(&t, text, end, &seen);
    /* Most texts have plain characters only. */
    if (plain && find_unnormalized(&t.counting, flags & plain ? seen : text, end)) return PIECES_NOT_NORMALIZED;
    return add_total(&t, total);
}

u64 unnormalized_places(const struct counter_set *set, u32 slot, const u8 *text, u32 length, u64 most) {
    struct counting counting = {.vocabulary = set->vocabularies[slot], .all = set->all};
    const u8 *at = text, *end = text + length;
    u64 count = 0;
    for (; count < most && (at = find_unnormalized(&counting, at, end)); at += character_length(*at)) count++;
    return count;
}

/* Add the tokens of a word that has to be normalized, if they are known. */
static void count_unnormalized(
    struct text_pieces *t, struct counter *counter, const u8 *text, const u8 *begin, const u8 *end
) {
    struct word word;
    init_word(&word, begin, (u32)(end - begin), begin == text, t->counting.end);
    const u8 *counts = find_or_add_counts(counter->cache, &word);
    if (counts && t->slot < CACHED_SLOTS && counts[t->slot] != UNKNOWN) {
        t->total += counts[t->slot];
        return;
    }
    struct unresolved_word *unresolved = next_unresolved(counter);
    if (unresolved) *unresolved = (struct unresolved_word){t->slot, (u32)(begin - text), word.length, begin == text};
    else t->counting.failed = NO_MEMORY;
}

enum pieces_result count_normalized_pieces(
    struct counter *counter, struct counter_set *set, u32 slot, const u8 *text, u32 length, u64 *total
) {
    struct text_pieces t;
    u32 unresolved_before = counter->unresolved_count;
    const u8 *end = text + length, *begin = text, *seen;
    struct cutter cutter = start_cutting(set->all, text, end);
    start_counting(&t, counter, set, slot, end);
    for (const u8 *at; (at = find_unnormalized(&t.counting, begin, end));) {
        const u8 *word = cut_before(&cutter, at), *word_end = cut_behind(&cutter, at);
        count_part(&t, begin, word, &seen);
        count_unnormalized(&t, counter, text, word, word_end);
        begin = word_end;
    }
    count_part(&t, begin, end, &seen);
    if (t.counting.failed) counter->unresolved_count = unresolved_before; /* it is counted another way */
    return add_total(&t, total);
}
