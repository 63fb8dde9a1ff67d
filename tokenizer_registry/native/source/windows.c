#include "windows.h"

/* A window: the symbols from `first` up to `end`, and its tokens, of which those before `next` are done with. */
struct window {
    u32 first, end, count, next;
    u32 begins[WINDOW_SYMBOLS + 1];
};

static u32 fill(struct window *window, const struct window_merging *merging, const u32 *begins, u32 count, u32 first) {
    u32 symbols = count - first < WINDOW_SYMBOLS ? count - first : WINDOW_SYMBOLS;
    window->first = first;
    window->end = first + symbols;
    window->next = 0;
    memcpy(window->begins, begins + first, (symbols + 1) * sizeof *begins);
    return window->count = merging->merge(merging->context, window->begins, symbols);
}

/* Return the number of the last place up to `place` in rising places; the first is not above it. */
static u32 last_up_to(const u32 *places, u32 count, u32 place) {
    u32 low = 0;
    for (u32 high = count; high - low > 1;) {
        u32 middle = low + (high - low) / 2;
        if (places[middle] <= place) low = middle;
        else high = middle;
    }
    return low;
}

/* Go on to the first token that both windows have, from number `at` on in the first one. Return 0 if there is none. */
static int find_common(struct window *one, u32 *at, struct window *other) {
    while (*at < one->count && other->next < other->count) {
        u32 begin = one->begins[*at], of_other = other->begins[other->next];
        if (begin == of_other && one->begins[*at + 1] == other->begins[other->next + 1]) return 1;
        *at += begin <= of_other;
        other->next += of_other <= begin;
    }
    return 0;
}

/* Append the tokens that are not done with, up to number `end`. */
static u32 keep(const struct window *window, u32 end, u32 *begins, u32 kept) {
    u32 count = end - window->next;
    memcpy(begins + kept, window->begins + window->next, count * sizeof *begins);
    return kept + count;
}

u32 merge_in_windows(const struct window_merging *merging, u32 *begins, u32 count) {
    struct window windows[2], *one = windows, *other = windows + 1;
    u32 kept = 0, end = begins[count];
    if (fill(one, merging, begins, count, 0) == ABSENT) return ABSENT;
    while (one->end < count) {
        u32 at = last_up_to(one->begins, one->count, begins[one->end - COMMON_SYMBOLS]);
        /* What is kept has taken the place of symbols in front of the token `next`. */
        if (at <= one->next) return NOTHING_IN_COMMON;
        u32 searched = kept > one->first ? kept : one->first;
        u32 first = searched + last_up_to(begins + searched, one->end - searched, one->begins[at]);
        if (fill(other, merging, begins, count, first) == ABSENT) return ABSENT;
        if (!find_common(one, &at, other)) return NOTHING_IN_COMMON;
        kept = keep(one, at, begins, kept);
        struct window *done = one;
        one = other;
        other = done;
    }
    kept = keep(one, one->count, begins, kept);
    begins[kept] = end;
    return kept;
}
