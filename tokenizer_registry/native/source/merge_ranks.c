#include "merge_ranks.h"

#include "queue.h"

/* So many symbols are merged by looking at all for each merge; more of them with a queue. */
#define FEW 40
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
    u32 rank[FEW];
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
    struct waiting *all = scratch_room(scratch, (size_t)count * (2 * sizeof(struct waiting) + 3 * sizeof(u32)));
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

u32 merge_by_rank(const struct merges_by_rank *merges, const u8 *text, u32 *begins, u32 count, struct scratch *scratch) {
    if (count <= FEW) return merge_few(merges, text, begins, count);
    return merge_many(merges, text, begins, count, scratch);
}
