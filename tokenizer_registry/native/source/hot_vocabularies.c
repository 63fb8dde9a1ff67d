#include "hot_vocabularies.h"

#include <stdlib.h>

#include "huge_pages.h"

static struct vocabulary *read_copy(struct packed_source *source) {
    struct vocabulary *vocabulary = malloc(sizeof *vocabulary);
    source->copy = vocabulary ? map_huge(source->size) : NULL;
    if (source->copy && read_vocabulary(vocabulary, memcpy(source->copy, source->content, source->size), source->size))
        return vocabulary;
    free(vocabulary);
    return NULL;
}

static void copy_vocabulary(struct counter_set *set, u32 slot) {
    struct packed_source *source = set->sources + slot;
    if (!has_huge_pages() || atomic_fetch_add(&set->copies, 1) >= MAX_COPIES) return;
    struct vocabulary *vocabulary = read_copy(source);
    if (!vocabulary) return;
    source->replaced = set->vocabularies[slot];
    atomic_store(&set->vocabularies[slot], vocabulary);
}

void note_use(struct counter_set *set, u32 slot, u32 bytes) {
    u64 before = atomic_fetch_add_explicit(&set->sources[slot].used, bytes, memory_order_relaxed);
    if (before < BYTES_BEFORE_COPY && before + bytes >= BYTES_BEFORE_COPY) copy_vocabulary(set, slot);
}

void free_vocabulary(struct counter_set *set, u32 slot) {
    struct packed_source *source = set->sources + slot;
    free(set->vocabularies[slot]);
    free(source->replaced);
    if (source->copy) unmap_huge(source->copy, source->size);
}
