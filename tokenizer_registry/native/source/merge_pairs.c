#include "merge_pairs.h"

#include "queue.h"

#define GONE UINT32_MAX

struct list {
    u32 *tokens, *before, *after;
    u32 count;
};

static void consider(const struct pairs *merges, const struct list *list, u32 left, struct queue *queue) {
    u32 right = list->after[left];
    if (right == list->count) return;
    const struct merge *found = find_pair(merges, list->tokens[left], list->tokens[right]);
    if (found) push(queue, found->rank, left, found->token);
}

/* A merge that waited is done if what stands there now merges into the same token, if by another merge. */
static int is_due(const struct pairs *merges, const struct list *list, struct waiting next) {
    u32 left = (u32)next.order;
    if (list->tokens[left] == GONE || list->after[left] == list->count) return 0;
    const struct merge *now = find_pair(merges, list->tokens[left], list->tokens[list->after[left]]);
    return now && now->token == next.sign;
}

static void join(struct list *list, u32 left, u32 token) {
    u32 right = list->after[left];
    list->tokens[left] = token;
    list->tokens[right] = GONE;
    list->after[left] = list->after[right];
    if (list->after[right] < list->count) list->before[list->after[right]] = left;
}

/* So many symbols are merged by looking at all for each merge; more of them with a queue. */
#define FEW 40

static u32 merge_few(const struct pairs *merges, u32 *tokens, u32 count) {
    const struct merge *found[FEW];
    for (u32 at = 0; at + 1 < count; at++) found[at] = find_pair(merges, tokens[at], tokens[at + 1]);
    while (count > 1) {
        u32 best = FEW;
        for (u32 at = 0; at + 1 < count; at++)
            if (found[at] && (best == FEW || found[at]->rank < found[best]->rank)) best = at;
        if (best == FEW) break;
        tokens[best] = found[best]->token;
        memmove(tokens + best + 1, tokens + best + 2, (count - best - 2) * sizeof *tokens);
        memmove(found + best, found + best + 1, (count - best - 2) * sizeof *found);
        count--;
        if (best + 1 < count) found[best] = find_pair(merges, tokens[best], tokens[best + 1]);
        if (best) found[best - 1] = find_pair(merges, tokens[best - 1], tokens[best]);
    }
    return count;
}

static u32 merge_many(const struct pairs *merges, u32 *tokens, u32 count, struct scratch *scratch) {
    struct waiting *all = scratch_room(scratch, (size_t)count * (2 * sizeof(struct waiting) + 2 * sizeof(u32)));
    if (!all) return UINT32_MAX;
    u32 *lists = (u32 *)(all + 2 * (size_t)count), left_over = count;
    struct list list = {tokens, lists, lists + count, count};
    struct queue queue = {all, 0};
    for (u32 at = 0; at < count; at++) {
        list.before[at] = at - 1;
        list.after[at] = at + 1;
    }
    for (u32 at = 0; at < count; at++) consider(merges, &list, at, &queue);
    while (queue.size) {
        struct waiting next = pop(&queue);
        u32 left = (u32)next.order;
        if (!is_due(merges, &list, next)) continue;
        join(&list, left, next.sign);
        left_over--;
        if (left) consider(merges, &list, list.before[left], &queue);
        consider(merges, &list, left, &queue);
    }
    return left_over;
}

u32 merge_by_pair(const struct pairs *merges, u32 *tokens, u32 count, struct scratch *scratch) {
    return count <= FEW ? merge_few(merges, tokens, count) : merge_many(merges, tokens, count, scratch);
}
