/* SPDX-License-Identifier: Apache-2.0
 *
 * mp-memory.c: how much memory DPDK could still give.
 *
 * DPDK tells of its heap; what the heap may yet grow by, only the kernel
 * knows: a folder for each size of hugepage, with a file that holds how many
 * of them are free.
 */
#include <config.h>
#include "mem/mp-memory.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_malloc.h>

#include "eal/eal.h"
#include "smap.h"
#include "util.h"

/* The number in a file, or 0. */
static uint64_t
read_number(const char *path)
{
    FILE *stream = fopen(path, "r");
    uint64_t number = 0;

    if (stream) {
        if (fscanf(stream, "%"SCNu64, &number) != 1) {
            number = 0;
        }
        fclose(stream);
    }
    return number;
}

/* Bytes of free hugepages of all sizes below `folder`. */
static uint64_t
free_below(const char *folder)
{
    DIR *dir = opendir(folder);
    uint64_t bytes = 0;
    struct dirent *entry;

    if (!dir) {
        return 0;
    }
    while ((entry = readdir(dir)) != NULL) {
        uint64_t kb;

        if (sscanf(entry->d_name, "hugepages-%"SCNu64"kB", &kb) == 1) {
            char *path = xasprintf("%s/%s/free_hugepages", folder,
                                   entry->d_name);

            bytes += read_number(path) * kb * 1024;
            free(path);
        }
    }
    closedir(dir);
    return bytes;
}

uint64_t
mp_memory_free_hugepages(const char *root, int socket)
{
    char *nodes = xasprintf("%s/devices/system/node", root);
    char *folder = xasprintf("%s/node%d/hugepages", nodes, socket);
    DIR *dir = opendir(nodes);
    uint64_t bytes;

    if (dir) {
        closedir(dir);
    } else {
        /* A kernel without NUMA: all memory is socket 0's. */
        free(folder);
        folder = xasprintf("%s/kernel/mm/hugepages", root);
    }
    bytes = free_below(folder);
    free(folder);
    free(nodes);
    return bytes;
}

uint64_t
mp_memory_limit(const char *limits, int socket)
{
    uint64_t mb = 0;

    for (int i = 0; i < socket && limits; i++) {
        limits = strchr(limits, ',');
        limits = limits ? limits + 1 : NULL;
    }
    if (limits) {
        mb = strtoull(limits, NULL, 10);
    }
    return mb ? mb * 1024 * 1024 : UINT64_MAX;      /* 0 is "no limit" */
}

/* The value of --socket-limit that DPDK was started with, or NULL. */
static const char *
running_limits(void)
{
    static const char option[] = "--socket-limit";
    const struct smap *cfg = eal_started_with();
    const char *extra = cfg ? smap_get(cfg, "dpdk-extra") : NULL;

    extra = extra ? strstr(extra, option) : NULL;
    if (extra) {
        extra += strlen(option);
        return extra + strspn(extra, " =");
    }
    return cfg ? smap_get(cfg, "dpdk-socket-limit") : NULL;
}

uint64_t
mp_memory_free(int socket)
{
    struct rte_malloc_socket_stats heap = { 0 };
    uint64_t more = 0;

    rte_malloc_get_socket_stats(socket, &heap);
    if (rte_eal_has_hugepages()) {
        const char *limits = running_limits();
        uint64_t limit = limits ? mp_memory_limit(limits, socket) : UINT64_MAX;

        more = mp_memory_free_hugepages("/sys", socket);
        more = MIN(more, limit - MIN(limit, heap.heap_totalsz_bytes));
    }
    return heap.heap_freesz_bytes + more;
}
