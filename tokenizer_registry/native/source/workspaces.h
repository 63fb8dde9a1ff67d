/*TOP*/
#ifndef WEIGHBRIDGE_WORKSPACES_H
#define WEIGHBRIDGE_WORKSPACES_H

#include "batch.h"

struct workspace {
    u32 number;
    struct counter counter;
};

/* At most so many calls that have freed Python's lock are under way at once, up to MAX_CALLS; the others wait. */
#define MAX_CALLS 63
void allow_calls(u32 count);

/* The first workspace that is free, so that words which one thread has met are known to the next. Waits for one where all
   are taken. Calls that hold Python's lock have a workspace more: they never wait for calls that have freed it. */
struct workspace *take_workspace(int holds_lock);

/* The workspace of this number, or NULL if it is taken. */
struct workspace *retake_workspace(u32 number);

void release_workspace(struct workspace *workspace);

#endif
