/* Workspaces: the memory that calls count in, one call each.

   Invariant: a workspace is used by one call at a time, and only while the call is inside of this library. */
#ifndef WEIGHBRIDGE_WORKSPACES_H
#define WEIGHBRIDGE_WORKSPACES_H

#include "batch.h"

struct workspace {
    u32 number;
    struct counter counter;
};

/* Let at most `count` calls without Python's lock run at a time, up to MAX_CALLS; others wait. */
#define MAX_CALLS 63
void allow_calls(u32 count);

/* Take the first free workspace, so that the next call finds the words that this one caches. Wait if all are taken.
   Calls that hold Python's lock have one workspace more, so that they never wait for calls without it. */
struct workspace *take_workspace(int holds_lock);

/* Take the workspace of this number; return NULL if it is taken. */
struct workspace *retake_workspace(u32 number);

void release_workspace(struct workspace *workspace);

#endif
