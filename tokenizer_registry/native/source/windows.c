#include "windows.h"

/* The tokens of a window, of which those before `next` are done with. The next window has the symbols from `common` on, if
   this one does not reach the end of the text. */
struct window {
    u32 count, next, common, is_last;
    u32 begins[WINDOW_SYMBOLS + 1];
};

static u32 fill(struct window *window, const struct window_merging *merging, const struct symbol_text *of, u32 begin) {
    u32 symbols = put_symbols(of, begin, window->begins, WINDOW_SYMBOLS);
    window->next = 0;
    window->is_last = window->begins[symbols] == of->length;
    if (!window->is_last) window->common = window->begins[symbols - COMMON_SYMBOLS];
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

static void take(const struct window_merging *merging, const struct window *window, u32 end) {
    merging->take(merging->context, window->begins + window->next, end - window->next);
}

enum windows_outcome merge_in_windows(const struct window_merging *merging, const struct symbol_text *of) {
    struct window windows[2], *one = windows, *other = windows + 1;
    if (fill(one, merging, of, 0) == ABSENT) return NO_MEMORY_FOR_WINDOW;
    while (!one->is_last) {
        u32 at = last_up_to(one->begins, one->count, one->common);
        if (at <= one->next) return NOTHING_IN_COMMON;
        if (fill(other, merging, of, one->begins[at]) == ABSENT) return NO_MEMORY_FOR_WINDOW;
        if (!find_common(one, &at, other)) return NOTHING_IN_COMMON;
        take(merging, one, at);
        struct window *done = one;
        one = other;
        other = done;
    }
    take(merging, one, one->count);
    return MERGED;
}
