/* The public entry of the counting library: everything that Python calls, by way of ctypes or itself (python_texts.c).

   How a text becomes counts, for all vocabularies of a counter set in one call:

     text ──> words.c: cut into words ──> cache.c: known? ── yes ──> sums ──> totals, by slot
                                               │ no                             ▲
                                               ▼                                │
                                          pending.c: wait, then count slot by slot (up to two threads)
                                               │
            for one word and one vocabulary:   ▼
              pre_tokens.c ─ normalizer.c ── needs neighbours? ──> unresolved, counted by Python, then learnt
                    │
                    ├─ added tokens, then pre_tokenizer.c: split into pre-tokens
                    └─ model: bpe.c with merges.c, unigram.c or word_pieces.c

   For one byte-level vocabulary with one pattern alone:

     text ──> kinds.c: bit masks of 64 bytes ──> borders.c ──> splitter.c: pre-tokens ──> piece_table.c: known? ─ yes ─┐
                                                    │ unsure       ▲                            │ no                   ▼
                                                    └──> pre_tokenizer.c                  pieces.c: a token? ───────> total
                                                                                                │ no                   ▲
                                                                                                └──> merges.c ─────────┘

   Texts of vocabularies without words go to pre_tokens.c as a whole. Vocabularies are mapped files (vocabulary.c).

   Invariant: no call keeps a workspace (workspaces.c) after it returns, and none takes Python's lock. */
#ifndef WEIGHBRIDGE_WEIGHBRIDGE_H
#define WEIGHBRIDGE_WEIGHBRIDGE_H

#include "batch.h"

#define EXPORTED __attribute__((visibility("default")))

/* What a count returns in place of a number of words. */
enum { OUT_OF_MEMORY = -1, TEXT_TOO_LONG = -2 };

/* The unresolved words of a text, and the workspace that counted the others and may cache the results. */
struct unresolved {
    u64 set;
    u32 workspace, count;
    struct unresolved_word words[];
};

/* Count into `totals`, an array of SLOTS numbers. The slots in `normalized` take the text as already normalized.
   `holds_lock`: the caller holds Python's lock. Return the number of unresolved words, OUT_OF_MEMORY or TEXT_TOO_LONG.
   If there are any words, `unresolved` is set and has to be freed. */
EXPORTED int64_t weighbridge_count(
    struct counter_set *set, const u8 *text, u64 length, u64 wanted, u64 normalized, u64 *totals, int holds_lock,
    struct unresolved **unresolved
);

EXPORTED void weighbridge_free_unresolved(struct unresolved *unresolved);

/* Free a counter set that no call uses. */
void weighbridge_free(struct counter_set *set);

#endif
