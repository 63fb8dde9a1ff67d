/* Merges many symbols in windows that fit the processor's caches, so that time and memory grow with the text only.

   A sequence of tokens is what merging makes of a text exactly if each two neighbours are what merging makes of the two
   alone: the first merge across a border would happen to those two as well. So two windows that overlap and have one token
   in common are joined at it: every two neighbours are from one window.

   Invariant: the result is that of merging all symbols together. */
#ifndef WEIGHBRIDGE_WINDOWS_H
#define WEIGHBRIDGE_WINDOWS_H

#include "string_table.h"

/* Symbols of a window, and of these the ones that the next window has as well. */
#define WINDOW_SYMBOLS 4096
#define COMMON_SYMBOLS 512

/* `merge` merges symbols that begin at `begins[0]` to `begins[count - 1]`, puts the places of the tokens into `begins`,
   and returns how many there are, or ABSENT if there is no memory. */
struct window_merging {
    u32 (*merge)(const void *context, u32 *begins, u32 count);
    const void *context;
};

/* What merge_in_windows returns if two windows have no token in common; `begins` is spoilt then. */
#define NOTHING_IN_COMMON 0

/* Do the same for any number of symbols. */
u32 merge_in_windows(const struct window_merging *merging, u32 *begins, u32 count);

#endif
