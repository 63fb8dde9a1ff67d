/* The state of counting one word, or one whole text, with one vocabulary.

   Invariant: `count` is valid only while `failed` is 0. */
#ifndef WEIGHBRIDGE_COUNTING_H
#define WEIGHBRIDGE_COUNTING_H

#include "cache.h"
#include "scratch.h"
#include "vocabulary.h"

/* Working memory of a call. */
struct buffers {
    struct scratch text, symbols, work;
};

/* Counts of pre-tokens seen before, and the vocabulary's place in them; `entries` is NULL if none are cached. */
struct pre_token_cache {
    struct pre_token_entry *entries;
    u32 place;
};

/* `count`: tokens so far. `end`: memory behind the text is readable up to here. `failed`: an enum failure. */
struct counting {
    const struct vocabulary *vocabulary;
    const struct characters *all;
    struct buffers *buffers;
    struct pre_token_cache known;
    const u8 *end;
    u32 count;
    int failed;
};

static inline void add(struct counting *c, u32 count) {
    if (count == UINT32_MAX) c->failed = NO_MEMORY;
    else c->count += count;
}

#endif
