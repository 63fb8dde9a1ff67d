/* Where calls count: each place serves one call at a time, and only while the call is in this library. */
#ifndef WEIGHBRIDGE_PLACES_H
#define WEIGHBRIDGE_PLACES_H

#include "counter.h"

struct place {
    u32 number;
    struct counter counter;
};

/* At most so many calls that have freed Python's lock are under way at once, up to MAX_CALLS; the others wait. */
#define MAX_CALLS 63
void allow_calls(u32 count);

/* The first place that is free, so that words which one thread has met are known to the next. Waits for one where all
   are taken. Calls that hold Python's lock have a place more: they never wait for calls that have freed it. */
struct place *take_place(int holds_lock);

/* The place of this number, or NULL if it is taken. */
struct place *take_place_again(u32 number);

void release_place(struct place *place);

#endif
