#include "workspaces.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define SPARE ((u64)1 << MAX_CALLS)

static struct workspace workspaces[MAX_CALLS + 1];
/* A bit for each workspace. */
static _Atomic u64 taken;
static _Atomic u64 shared = SPARE - 1;
static atomic_uint waiting;
/* Held for short steps only, never while a text is counted. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t released = PTHREAD_COND_INITIALIZER;

static void lock_workspaces(void) { pthread_mutex_lock(&lock); }

static void unlock_workspaces(void) { pthread_mutex_unlock(&lock); }

/* After a fork the child has no threads that could release what they took, and their counters may be half changed: drop
   all but the caches, which are cleared for the next counter set. */
static void forget_threads(void) {
    for (u64 left = atomic_exchange(&taken, 0); left; left &= left - 1) {
        struct counter *counter = &workspaces[__builtin_ctzll(left)].counter;
        *counter = (struct counter){.cache = counter->cache, .pieces = counter->pieces};
    }
    atomic_store(&waiting, 0);
    pthread_mutex_init(&lock, NULL);
    pthread_cond_init(&released, NULL);
}

__attribute__((constructor)) static void follow_forks(void) {
    pthread_atfork(lock_workspaces, unlock_workspaces, forget_threads);
}

void allow_calls(u32 count) {
    u32 allowed = count < 1 ? 1 : count > MAX_CALLS ? MAX_CALLS : count;
    atomic_store(&shared, ((u64)1 << allowed) - 1);
}

static struct workspace *try_workspaces(u64 usable) {
    u64 seen = atomic_load(&taken), bit;
    do {
        bit = ~seen & usable & -(~seen & usable);
        if (!bit) return NULL;
    } while (!atomic_compare_exchange_weak(&taken, &seen, seen | bit));
    u32 number = (u32)__builtin_ctzll(bit);
    workspaces[number].number = number;
    return workspaces + number;
}

struct workspace *take_workspace(int holds_lock) {
    u64 usable = atomic_load(&shared) | (holds_lock ? SPARE : 0);
    struct workspace *workspace = try_workspaces(usable);
    if (workspace) return workspace;
    lock_workspaces();
    atomic_fetch_add(&waiting, 1);
    /* Try again after the addition: whoever releases a workspace after that sees that a call waits. */
    while (!(workspace = try_workspaces(usable))) pthread_cond_wait(&released, &lock);
    atomic_fetch_sub(&waiting, 1);
    unlock_workspaces();
    return workspace;
}

struct workspace *retake_workspace(u32 number) { return try_workspaces((u64)1 << number); }

void release_workspace(struct workspace *workspace) {
    u32 number = workspace->number;
    counter_shrink(&workspace->counter);
    atomic_fetch_and(&taken, ~((u64)1 << number));
    if (!atomic_load(&waiting)) return;
    lock_workspaces();
    /* Only some of the waiting calls can use the spare workspace. */
    if (number == MAX_CALLS) pthread_cond_broadcast(&released);
    else pthread_cond_signal(&released);
    unlock_workspaces();
}

#define KEPT_BYTES (1u << 20)

void *scratch_reserve(struct scratch *scratch, size_t size) {
    if (size <= scratch->size) return scratch->memory;
    /* Large memory is not kept, and no larger than needed: the C library keeps what it freed only up to a size. */
    size_t reserved = size > KEPT_BYTES ? size : size + size / 2;
    void *memory = realloc(scratch->memory, reserved);
    if (!memory) return NULL;
    scratch->memory = memory;
    scratch->size = reserved;
    return memory;
}

void scratch_free(struct scratch *scratch) {
    free(scratch->memory);
    scratch->memory = NULL;
    scratch->size = 0;
}

void scratch_shrink(struct scratch *scratch) {
    if (scratch->size > KEPT_BYTES) scratch_free(scratch);
}
