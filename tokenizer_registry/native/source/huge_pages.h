/* Memory in huge pages where the system has them, for tables that are read at scattered places: the processor keeps few
   addresses of pages, and has to look up the others.

   Invariant: the memory begins at the begin of a huge page, and is 0 at first. */
#ifndef WEIGHBRIDGE_HUGE_PAGES_H
#define WEIGHBRIDGE_HUGE_PAGES_H

#include <stddef.h>

/* Return whether the system has huge pages. */
int has_huge_pages(void);

/* Return `size` bytes, NULL if there is no memory. */
void *map_huge(size_t size);

void unmap_huge(void *memory, size_t size);

#endif
