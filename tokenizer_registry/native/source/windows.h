/* Merges many symbols in windows that fit the processor's caches, so that time and memory grow with the text only.

   A sequence of tokens is what merging makes of a text exactly if each two neighbours are what merging makes of the two
   alone: the first merge across a border would happen to those two as well. So two windows that overlap and have one token
   in common are joined at it: every two neighbours are from one window.

   Invariant: the tokens are those of merging all symbols together. */
#ifndef WEIGHBRIDGE_WINDOWS_H
#define WEIGHBRIDGE_WINDOWS_H

#include "string_table.h"

/* Symbols of a window, and of these the ones that the next window has as well. */
#define WINDOW_SYMBOLS 4096
#define COMMON_SYMBOLS 512

/* `merge` merges symbols that begin at `begins[0]` to `begins[count - 1]` and end at `begins[count]`, puts the places of
   the tokens into `begins`, and returns how many there are, or ABSENT if there is no memory. `take` is given the tokens in
   their order, some at a time. */
struct window_merging {
    u32 (*merge)(void *context, u32 *begins, u32 count);
    void (*take)(void *context, const u32 *begins, u32 count);
    void *context;
};

/* Text whose symbols are its bytes or its characters. */
struct symbol_text {
    const u8 *text;
    u32 length;
    int are_bytes;
};

enum windows_outcome { MERGED, NO_MEMORY_FOR_WINDOW, NOTHING_IN_COMMON };

/* Merge all symbols of a text. If two windows have no token in common, some of the tokens have been taken. */
enum windows_outcome merge_in_windows(const struct window_merging *merging, const struct symbol_text *of);

/* Put the places of up to `most` symbols from `begin` on into `begins`, and their end. Return how many there are. */
static inline u32 put_symbols(const struct symbol_text *of, u32 begin, u32 *begins, u32 most) {
    u32 count = 0, at = begin;
    for (; count < most && at < of->length; at += of->are_bytes ? 1 : character_length(of->text[at])) begins[count++] = at;
    begins[count] = at;
    return count;
}

#endif
