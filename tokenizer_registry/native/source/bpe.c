#include "bpe.h"

/* In a table of pairs: no token has these two characters side by side. */
#define NEVER_JOINED (ABSENT - 1)

/* What may be merged; the rank of a string is its number, unless `ranks` has another: equal ones go from left to right.
   `ascii_pairs` has the ranks of two characters of ASCII. */
struct merges_by_rank {
    const struct strings *strings;
    const u32 *ranks, *ascii_pairs;
};

static inline u32 ascii_pair(const u32 *pairs, const u8 *at) { return pairs[(u32)at[0] << 7 | at[1]]; }

/* `order` is the rank of the merge above the place of its left symbol; `sign` tells whether it is still to be done. */
struct waiting {
    u64 order;
    u32 sign;
};

struct queue {
    struct waiting *all;
    u32 size;
};

static inline void push(struct queue *queue, u32 rank, u32 place, u32 sign) {
    struct waiting added = {(u64)rank << 32 | place, sign};
    u32 at = queue->size++;
    for (; at; at = (at - 1) / 2) {
        u32 parent = (at - 1) / 2;
        if (queue->all[parent].order <= added.order) break;
        queue->all[at] = queue->all[parent];
    }
    queue->all[at] = added;
}

static inline struct waiting pop(struct queue *queue) {
    struct waiting first = queue->all[0], last = queue->all[--queue->size];
    u32 at = 0;
    for (u32 child = 1; child < queue->size; child = 2 * at + 1) {
        if (child + 1 < queue->size && queue->all[child + 1].order < queue->all[child].order) child++;
        if (last.order <= queue->all[child].order) break;
        queue->all[at] = queue->all[child];
        at = child;
    }
    queue->all[at] = last;
    return first;
}

/* So many symbols are merged by looking at all for each merge; more of them with a queue. */
#define MAX_RESCANNED 40
/* What is in the queue, twice as much, has places of 32 bits whose doubles must be such, too: 47 GB of memory. */
#define MAX_MERGED ((1u << 30) - 1)

static u32 rank_of(const struct merges_by_rank *merges, const u8 *text, u32 begin, u32 end) {
    if (end - begin == 2 && text[begin] < 0x80 && text[begin + 1] < 0x80) {
        u32 rank = ascii_pair(merges->ascii_pairs, text + begin);
        return rank == NEVER_JOINED ? ABSENT : rank;
    }
    u32 number = find_string(merges->strings, text + begin, end - begin);
    return merges->ranks && number != ABSENT ? merges->ranks[number] : number;
}

static u32 merge_few(const struct merges_by_rank *merges, const u8 *text, u32 *begins, u32 count) {
    u32 rank[MAX_RESCANNED];
    for (u32 at = 0; at + 1 < count; at++) rank[at] = rank_of(merges, text, begins[at], begins[at + 2]);
    while (count > 1) {
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

/* The symbols as a list: each knows its neighbours, and one that was merged into the one before it has no length. */
struct list {
    u32 *begins, *lengths, *before, *after;
    u32 count;
};

static void consider(const struct merges_by_rank *merges, const u8 *text, const struct list *list, u32 left, struct queue *queue) {
    u32 right = list->after[left];
    if (right == list->count) return;
    u32 length = list->lengths[left] + list->lengths[right];
    u32 rank = rank_of(merges, text, list->begins[left], list->begins[left] + length);
    if (rank != ABSENT) push(queue, rank, left, length);
}

static void join(struct list *list, u32 left) {
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

static u32 merge_many(
    const struct merges_by_rank *merges, const u8 *text, u32 *begins, u32 count, struct scratch *scratch
) {
    if (count > MAX_MERGED) return ABSENT;
    /* Each merge adds two to the queue, takes one from it, and there are fewer merges than symbols. */
    struct waiting *all = scratch_reserve(scratch, (size_t)count * (2 * sizeof(struct waiting) + 3 * sizeof(u32)));
    if (!all) return ABSENT;
    u32 *lists = (u32 *)(all + 2 * (size_t)count);
    struct list list = {begins, lists, lists + count, lists + 2 * (size_t)count, count};
    struct queue queue = {all, 0};
    for (u32 at = 0; at < count; at++) {
        list.lengths[at] = begins[at + 1] - begins[at];
        list.before[at] = at - 1;
        list.after[at] = at + 1;
    }
    for (u32 at = 0; at < count; at++) consider(merges, text, &list, at, &queue);
    while (queue.size) {
        struct waiting next = pop(&queue);
        u32 left = (u32)next.order, right = list.after[left];
        if (!list.lengths[left] || right == count || list.lengths[left] + list.lengths[right] != next.sign) continue;
        join(&list, left);
        if (left) consider(merges, text, &list, list.before[left], &queue);
        consider(merges, text, &list, left, &queue);
    }
    return compact(&list, begins);
}

/* Merge the symbols that begin at `begins[0]`, ... of the text; `begins[count]` is their end. The number that is left;
   their places are in `begins` then. ABSENT if there is no memory. */
static u32 merge_by_rank(const struct merges_by_rank *merges, const u8 *text, u32 *begins, u32 count, struct scratch *scratch) {
    if (count <= MAX_RESCANNED) return merge_few(merges, text, begins, count);
    return merge_many(merges, text, begins, count, scratch);
}

static u32 *symbols(struct counting *c, u32 count) {
    u32 *found = scratch_reserve(&c->buffers->symbols, ((size_t)count + 1) * sizeof *found);
    if (!found) c->failed = NO_MEMORY;
    return found;
}

static u32 merged_by_rank(const struct counting *c, const u8 *text, u32 *begins, u32 count) {
    const struct vocabulary *v = c->vocabulary;
    struct merges_by_rank merges = {&v->unigram.tokens, v->ranks, v->ascii_pairs};
    return merge_by_rank(&merges, text, begins, count, &c->buffers->work);
}

/* The text without the bytes that its owner leaves out, if there are any. */
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
int is_one_token(const struct vocabulary *v, const u8 *text, u32 length) {
    int by_bits = v->method == PIECES_BY_RANK || v->method == UNIGRAM;
    if (!v->unigram.tokens.count || (by_bits && !v->whole)) return 0;
    u32 number = find_string(&v->unigram.tokens, text, length);
    return number != ABSENT && (!by_bits || v->whole[number >> 3] >> (number & 7) & 1);
}

static void count_new(struct counting *c, const u8 *text, u32 length) {
    if (is_one_token(c->vocabulary, text, length)) add(c, 1);
    else if (c->vocabulary->method == BYTES_BY_RANK) count_bytes(c, text, length);
    else count_pieces(c, text, length);
}

void count_pre_token(struct counting *c, const u8 *text, u32 length) {
    if (!c->known.entries || length > SHORT_BYTES) {
        count_new(c, text, length);
        return;
    }
    u8 *known = pre_token_counts(c->known.entries, key_of(text, length, 0, c->end)) + c->known.place;
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
        count_pre_token(c, begin, (u32)(at - begin));
        begin = at;
    }
    count_pre_token(c, begin, (u32)(end - begin));
}
