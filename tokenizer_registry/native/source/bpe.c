#include "bpe.h"

#include "merge_queue.h"
#include "windows.h"

/* In the table of ASCII pairs: no token has these two characters next to each other. */
#define NEVER_ADJACENT (ABSENT - 1)

/* The rank of a string is `ranks[number]`, or its number if `ranks` is NULL. `ascii_pairs` has the ranks of two ASCII
   characters. */
struct bpe_merges {
    const struct string_table *strings;
    const u32 *ranks, *ascii_pairs;
};

static inline u32 ascii_pair(const u32 *pairs, const u8 *at) { return pairs[(u32)at[0] << 7 | at[1]]; }

/* Up to this many symbols, rescan all pairs after each merge (O(n^2)); above it, use a priority queue. */
#define MAX_RESCANNED 40
/* The queue holds twice as many entries, whose places must fit 32 bits when doubled. More would take 47 GB. */
#define MAX_MERGED ((1u << 30) - 1)

static u32 rank_of(const struct bpe_merges *merges, const u8 *text, u32 begin, u32 end) {
    if (end - begin == 2 && text[begin] < 0x80 && text[begin + 1] < 0x80) {
        u32 rank = ascii_pair(merges->ascii_pairs, text + begin);
        return rank == NEVER_ADJACENT ? ABSENT : rank;
    }
    u32 number = find_string(merges->strings, text + begin, end - begin);
    return merges->ranks && number != ABSENT ? merges->ranks[number] : number;
}

static u32 merge_by_rescanning(const struct bpe_merges *merges, const u8 *text, u32 *begins, u32 count, u32 least) {
    u32 rank[MAX_RESCANNED];
    for (u32 at = 0; at + 1 < count; at++) rank[at] = rank_of(merges, text, begins[at], begins[at + 2]);
    while (count > least) {
        u32 best = 0;
        for (u32 at = 1; at + 1 < count; at++)
            if (rank[at] < rank[best]) best = at;
        if (rank[best] == ABSENT) break;
        close_gap(begins + best + 1, count - best - 1);
        close_gap(rank + best, count - best - 2);
        count--;
        if (best + 1 < count) rank[best] = rank_of(merges, text, begins[best], begins[best + 2]);
        if (best) rank[best - 1] = rank_of(merges, text, begins[best - 1], begins[best + 1]);
    }
    return count;
}

/* The symbols as a doubly linked list; a symbol merged into its left neighbour has length 0. */
struct list {
    u32 *begins, *lengths, *before, *after;
    u32 count;
};

static void enqueue_pair(
    const struct bpe_merges *merges, const u8 *text, const struct list *list, u32 left, struct queue *queue
) {
    u32 right = list->after[left];
    if (right == list->count) return;
    u32 length = list->lengths[left] + list->lengths[right];
    u32 rank = rank_of(merges, text, list->begins[left], list->begins[left] + length);
    if (rank != ABSENT) push(queue, rank, left, length);
}

static void merge_with_next(struct list *list, u32 left) {
    u32 right = list->after[left];
    list->lengths[left] += list->lengths[right];
    list->lengths[right] = 0;
    list->after[left] = list->after[right];
    if (list->after[right] < list->count) list->before[list->after[right]] = left;
}

static u32 compact(const struct list *list, u32 *begins) {
    u32 end = begins[list->count], kept = 0;
    for (u32 at = 0; at < list->count; at = list->after[at]) begins[kept++] = begins[at];
    begins[kept] = end;
    return kept;
}

static u32 merge_by_queue(
    const struct bpe_merges *merges, const u8 *text, u32 *begins, u32 count, u32 least, struct scratch *scratch
) {
    if (count > MAX_MERGED) return ABSENT;
    /* Each merge adds two entries and removes one, and there are fewer merges than symbols. */
    size_t size = (size_t)count * (2 * sizeof(struct queued_merge) + 3 * sizeof(u32));
    struct queued_merge *all = scratch_reserve(scratch, size);
    if (!all) return ABSENT;
    u32 *lists = (u32 *)(all + 2 * (size_t)count);
    struct list list = {begins, lists, lists + count, lists + 2 * (size_t)count, count};
    struct queue queue = {all, 0};
    for (u32 at = 0; at < count; at++) {
        list.lengths[at] = begins[at + 1] - begins[at];
        list.before[at] = at - 1;
        list.after[at] = at + 1;
    }
    for (u32 at = 0; at < count; at++) enqueue_pair(merges, text, &list, at, &queue);
    for (u32 symbols = count; queue.size && symbols > least;) {
        struct queued_merge next = pop(&queue);
        u32 left = (u32)next.order, right = list.after[left];
        if (!list.lengths[left] || right == count || list.lengths[left] + list.lengths[right] != next.length) continue;
        merge_with_next(&list, left);
        symbols--;
        if (left) enqueue_pair(merges, text, &list, list.before[left], &queue);
        enqueue_pair(merges, text, &list, left, &queue);
    }
    return compact(&list, begins);
}

/* Merge the symbols that begin at `begins[0]` to `begins[count - 1]`; `begins[count]` is their end. Return how many are
   left, at least `least`, and put their places into `begins`. Return ABSENT if there is no memory. */
static u32 merge_symbols(
    const struct bpe_merges *merges, const u8 *text, u32 *begins, u32 count, u32 least, struct scratch *scratch
) {
    if (count <= MAX_RESCANNED) return merge_by_rescanning(merges, text, begins, count, least);
    return merge_by_queue(merges, text, begins, count, least, scratch);
}

static struct bpe_merges merges_of(const struct vocabulary *v) {
    return (struct bpe_merges){&v->unigram.tokens, v->ranks, v->ascii_pairs};
}

/* Merge all symbols of a text at a time. Return how many are left, and put their places into `begins`; ABSENT if there is
   no memory. */
static u32 merge_whole(
    const struct vocabulary *v, const struct symbol_text *of, u32 least, struct buffers *buffers, u32 **begins
) {
    *begins = scratch_reserve(&buffers->symbols, ((size_t)of->length + 1) * sizeof **begins);
    if (!*begins) return ABSENT;
    struct bpe_merges merges = merges_of(v);
    u32 count = put_symbols(of, 0, *begins, of->length);
    return merge_symbols(&merges, of->text, *begins, count, least, &buffers->work);
}

u32 left_of_last_merge(const struct vocabulary *vocabulary, const u8 *text, u32 length, struct buffers *buffers) {
    struct symbol_text of = {text, length, vocabulary->method == BYTE_BPE};
    u32 *begins;
    return merge_whole(vocabulary, &of, 2, buffers, &begins) == 2 ? begins[1] : 0;
}

struct text_counting {
    struct counting *c;
    struct bpe_merges merges;
    const struct symbol_text *of;
};

static u32 merge_window(void *context, u32 *begins, u32 count) {
    const struct text_counting *counting = context;
    struct scratch *scratch = &counting->c->buffers->work;
    return merge_symbols(&counting->merges, counting->of->text, begins, count, 1, scratch);
}

static void add_tokens(void *context, const u32 *begins, u32 count) {
    const struct text_counting *counting = context;
    const struct symbol_text *of = counting->of;
    add(counting->c, count);
    for (u32 at = 0; !of->are_bytes && at < count; at++) {
        const u8 *symbol = of->text + begins[at];
        u32 size = begins[at + 1] - begins[at];
        /* A character that is no token counts as many tokens as it has bytes. */
        if (size > 1 && size == character_length(*symbol) && find_string(counting->merges.strings, symbol, size) == ABSENT)
            counting->c->count += size - 1;
    }
}

static void count_merging(struct counting *c, const struct symbol_text *of) {
    struct text_counting counting = {c, merges_of(c->vocabulary), of};
    u32 before = c->count;
    if (of->length > WINDOW_SYMBOLS) {
        switch (merge_in_windows(&(struct window_merging){merge_window, add_tokens, &counting}, of)) {
        case MERGED: return;
        case NO_MEMORY_FOR_WINDOW: c->failed = NO_MEMORY; return;
        case NOTHING_IN_COMMON: c->count = before;
        }
    }
    u32 *begins, count = merge_whole(c->vocabulary, of, 1, c->buffers, &begins);
    if (count == ABSENT) c->failed = NO_MEMORY;
    else add_tokens(&counting, begins, count);
}

/* Return the text without the bytes for which the vocabulary has no token, as its owner's library drops them. */
static const u8 *without_left_out(struct counting *c, const u8 *text, u32 *length) {
    const u8 *left_out = c->vocabulary->left_out;
    u32 at = 0;
    while (at < *length && !left_out[text[at]]) at++;
    if (at == *length) return text;
    u8 *kept = scratch_reserve(&c->buffers->text, *length);
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

static void count_byte_bpe(struct counting *c, const u8 *text, u32 length) {
    if (c->vocabulary->left_out) text = without_left_out(c, text, &length);
    if (c->vocabulary->pairs.capacity && length <= MAX_MERGED_BYTES)
        add(c, length ? count_merged(&c->vocabulary->pairs, text, length) : 0);
    else count_merging(c, &(struct symbol_text){text, length, 1});
}

static void count_character_bpe(struct counting *c, const u8 *text, u32 length) {
    if (c->vocabulary->pairs.capacity && length && length <= MAX_MERGED_BYTES) {
        u32 found = count_merged(&c->vocabulary->pairs, text, length);
        if (found != ABSENT) {
            add(c, found);
            return;
        }
    }
    count_merging(c, &(struct symbol_text){text, length, 0});
}

/* Without a table of bits every token in the table is one. */
int is_one_token(const struct vocabulary *v, const u8 *text, u32 length) {
    int by_bits = v->method == CHARACTER_BPE || v->method == UNIGRAM;
    if (!v->unigram.tokens.count || (by_bits && !v->whole)) return 0;
    u32 number = find_string(&v->unigram.tokens, text, length);
    return number != ABSENT && (!by_bits || v->whole[number >> 3] >> (number & 7) & 1);
}

static void count_uncached(struct counting *c, const u8 *text, u32 length) {
    if (is_one_token(c->vocabulary, text, length)) add(c, 1);
    else if (c->vocabulary->method == BYTE_BPE) count_byte_bpe(c, text, length);
    else count_character_bpe(c, text, length);
}

void count_pre_token(struct counting *c, const u8 *text, u32 length) {
    if (!c->known.entries || length > MAX_SHORT_BYTES) {
        count_uncached(c, text, length);
        return;
    }
    u8 *known = pre_token_counts(c->known.entries, key_of(text, length, 0, c->end)) + c->known.place;
    u32 before = c->count;
    if (*known != UNKNOWN) {
        add(c, *known);
    } else {
        count_uncached(c, text, length);
        if (!c->failed) *known = (u8)(c->count - before);
    }
}

/* Nothing is merged across two characters that no token has next to each other. */
void count_unsplit(struct counting *c, const u8 *text, const u8 *end) {
    const u32 *pairs = c->vocabulary->ascii_pairs;
    const u8 *begin = text;
    for (const u8 *at = text + 1; pairs && at < end; at++) {
        if (at[-1] >= 0x80 || at[0] >= 0x80 || ascii_pair(pairs, at - 1) != NEVER_ADJACENT) continue;
        count_pre_token(c, begin, (u32)(at - begin));
        begin = at;
    }
    count_pre_token(c, begin, (u32)(end - begin));
}
