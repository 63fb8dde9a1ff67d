#include "huge_pages.h"

#include <stdint.h>
#include <sys/mman.h>

#define HUGE_PAGE ((size_t)1 << 21)

static size_t whole_pages(size_t size) { return (size + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1); }

int has_huge_pages(void) {
#ifdef MADV_HUGEPAGE
    return 1;
#else
    return 0;
#endif
}

/* A mapping begins anywhere: map more, and give back what is around the whole pages. */
void *map_huge(size_t size) {
    size_t whole = whole_pages(size), room = whole + HUGE_PAGE;
    uint8_t *mapped = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) return NULL;
    size_t before = whole_pages((uintptr_t)mapped) - (uintptr_t)mapped;
    if (before) munmap(mapped, before);
    munmap(mapped + before + whole, HUGE_PAGE - before);
    mapped += before;
#ifdef MADV_HUGEPAGE
    madvise(mapped, whole, MADV_HUGEPAGE);
#endif
    return mapped;
}

void unmap_huge(void *memory, size_t size) { munmap(memory, whole_pages(size)); }
