#include "piece_trie.h"

#include <math.h>
#include <stdlib.h>

#define LABELS 256
#define FREE_UNIT UINT32_MAX
/* Where so much of a hundred places is taken, the search for a base begins behind them. */
#define FULL 90

/* The strings `first` to `last` begin with the same `depth` bytes, which lead to a unit. */
struct branch {
    u32 first, last, depth, unit;
};

struct trie_builder {
    struct trie_unit *units;
    u32 capacity, used, start;
    u8 *has_base;
    const u32 *offsets;
    const u8 *text;
    const float *scores;
    struct branch *queue;
    u32 queued;
};

/* The next bytes of the strings of a branch, and the first string with each. */
struct children {
    u32 count, firsts[LABELS + 1];
    u8 labels[LABELS];
};

static int fits(const struct trie_builder *b, u32 base, const struct children *children) {
    if (b->has_base[base]) return 0;
    for (u32 child = 0; child < children->count; child++)
        if (b->units[base + children->labels[child]].base_and_label != FREE_UNIT) return 0;
    return 1;
}

/* Return a base from which all children have free places, or 0 if there is none. */
static u32 find_base(struct trie_builder *b, const struct children *children) {
    u32 taken = 0, begin = b->start;
    for (u32 at = begin; at + LABELS < b->capacity; at++) {
        u32 is_taken = b->units[at].base_and_label != FREE_UNIT;
        taken += is_taken;
        if (is_taken || at < LABELS + children->labels[0]) continue;
        if (!fits(b, at - children->labels[0], children)) continue;
        if (taken * 100 >= (at - begin + 1) * FULL) b->start = at;
        return at - children->labels[0];
    }
    return 0;
}

static void find_children(const struct trie_builder *b, const struct branch *branch, struct children *found) {
    u32 first = branch->first;
    found->count = 0;
    if (b->offsets[first] + branch->depth == b->offsets[first + 1]) first++;
    for (u32 number = first; number < branch->last; number++) {
        u8 label = b->text[b->offsets[number] + branch->depth];
        if (found->count && found->labels[found->count - 1] == label) continue;
        found->labels[found->count] = label;
        found->firsts[found->count++] = number;
    }
    found->firsts[found->count] = branch->last;
}

/* Put the children of a branch into the trie, and queue them. Return 0 if there is no place. */
static int put_children(struct trie_builder *b, const struct branch *branch) {
    struct children children;
    find_children(b, branch, &children);
    if (branch->depth && children.firsts[0] != branch->first) b->units[branch->unit].score = b->scores[branch->first];
    if (!children.count) return 1;
    u32 base = find_base(b, &children);
    if (!base) return 0;
    b->has_base[base] = 1;
    b->units[branch->unit].base_and_label |= base << 8;
    for (u32 child = 0; child < children.count; child++) {
        u32 unit = base + children.labels[child];
        b->units[unit] = (struct trie_unit){children.labels[child], NAN};
        if (unit >= b->used) b->used = unit + 1;
        b->queue[b->queued++] =
            (struct branch){children.firsts[child], children.firsts[child + 1], branch->depth + 1, unit};
    }
    return 1;
}

/* Level by level, so that the units that most texts need lie together. */
static u32 fill(struct trie_builder *b, u32 count) {
    for (u32 at = 0; at < b->capacity; at++) b->units[at] = (struct trie_unit){FREE_UNIT, NAN};
    b->units[0].base_and_label = NO_LABEL;
    b->queue[0] = (struct branch){0, count, 0, 0};
    b->queued = count != 0;
    for (u32 at = 0; at < b->queued; at++)
        if (!put_children(b, b->queue + at)) return UINT32_MAX;
    return b->used + LABELS;
}

u32 fill_trie(
    struct trie_unit *units, u32 capacity, const u32 *offsets, const u8 *text, const float *scores, u32 count
) {
    struct trie_builder builder = {
        .units = units,
        .capacity = capacity,
        .used = 2 * LABELS,
        .start = LABELS,
        .has_base = calloc(capacity, 1),
        .offsets = offsets,
        .text = text,
        .scores = scores,
        .queue = malloc(((size_t)offsets[count] + 1) * sizeof(struct branch)),
    };
    u32 used = UINT32_MAX;
    if (capacity > 3 * LABELS && builder.has_base && builder.queue) used = fill(&builder, count);
    free(builder.has_base);
    free(builder.queue);
    return used;
}
