/* SPDX-License-Identifier: Apache-2.0
 *
 * mem-rig.c: see mem-rig.h.
 */
#include <config.h>
#include "tests/unit/mem/mem-rig.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <rte_eal.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>

#include "eal/eal.h"
#include "eal/machine.h"
#include "openvswitch/compiler.h"
#include "openvswitch/vlog.h"
#include "smap.h"
#include "util.h"

static char log_file[] = "/tmp/sluice-mem-XXXXXX";
static long log_start;          /* where what the test looks at begins */
static size_t heap_at_start;

static int
start_log(void)
{
    int fd = mkstemp(log_file);

    if (fd < 0) {
        return -1;
    }
    close(fd);
    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
    vlog_set_levels(NULL, VLF_FILE, VLL_DBG);
    return vlog_set_log_file(log_file);
}

static int
start(unsigned int heap_mb, const char *more)
{
    struct smap oc = SMAP_INITIALIZER(&oc);
    char *error = NULL;

    if (start_log()) {
        return -1;
    }
    machine_init();
    smap_add_format(&oc, "dpdk-extra", "--no-huge --no-pci %s -m %u "
                    "--file-prefix sluice-ut-%d", more, heap_mb,
                    (int) getpid());
    if (eal_start(&oc, "/tmp", NULL, &error)) {
        print_error("%s\n", error);
        free(error);
        return -1;
    }
    smap_destroy(&oc);
    rig_model(false);
    heap_at_start = rig_heap_used();
    return 0;
}

int
rig_start(unsigned int heap_mb)
{
    return start(heap_mb, "--no-telemetry");
}

int
rig_start_with_telemetry(unsigned int heap_mb)
{
    return start(heap_mb, "");
}

/* What DPDK leaves of its files. */
static void
remove_runtime_dir(const char *path)
{
    DIR *dir = opendir(path);
    struct dirent *entry;

    while (dir && (entry = readdir(dir))) {
        char *file = xasprintf("%s/%s", path, entry->d_name);

        unlink(file);
        free(file);
    }
    if (dir) {
        closedir(dir);
    }
    rmdir(path);
}

int
rig_stop(void **state OVS_UNUSED)
{
    char *runtime_dir = xstrdup(rte_eal_get_runtime_dir());
    size_t used = rig_heap_used();
    unsigned int n = rig_n_pools();

    eal_stop();
    remove_runtime_dir(runtime_dir);
    free(runtime_dir);
    vlog_close_log_file();
    unlink(log_file);
    if (n) {
        print_error("%u pools are left\n", n);
    }
    if (used != heap_at_start) {
        print_error("heap: %zu bytes in use, %zu at the start\n", used,
                    heap_at_start);
    }
    return n || used != heap_at_start ? -1 : 0;
}

void
rig_model_is(const struct mp_model *model)
{
    assert_int_equal(rig_n_pools(), 0);
    mp_init(model);
    mp_set_threads(0);
    mp_set_domains(NULL);
    mp_set_numa_fallback(false);
}

void
rig_model(bool per_port)
{
    rig_model_is(&(struct mp_model) { .per_port = per_port });
}

struct mp_request
rig_request(const char *port, uint32_t mtu)
{
    return (struct mp_request) {
        .port = port, .socket = 0, .mtu = mtu,
        .n_rxq = 1, .n_txq = 2, .rxq_size = 2048, .txq_size = 2048,
    };
}

struct mp *
rig_get(const struct mp_request *req)
{
    char *error = NULL;
    struct mp *mp = mp_get(req, &error);

    if (!mp) {
        print_error("%s\n", error);
        free(error);
    }
    assert_non_null(mp);
    assert_null(error);
    return mp;
}

void
rig_get_fails(const struct mp_request *req, const char *text1,
              const char *text2)
{
    unsigned int n = rig_n_pools();
    char *error = NULL;

    assert_null(mp_get(req, &error));
    assert_non_null(error);
    if (!strstr(error, text1) || !strstr(error, text2)) {
        fail_msg("not \"%s\" and \"%s\" in: %s", text1, text2, error);
    }
    assert_int_equal(rig_n_pools(), n);
    free(error);
}

struct mp_info
rig_info(const struct mp *mp)
{
    struct mp_info info;

    mp_get_info(mp, &info);
    return info;
}

static void
count(const struct mp *mp OVS_UNUSED, void *n)
{
    ++*(unsigned int *) n;
}

unsigned int
rig_n_pools(void)
{
    unsigned int n = 0;

    mp_for_each(count, &n);
    return n;
}

unsigned int
rig_log_count(const char *level, const char *text)
{
    FILE *stream = fopen(log_file, "r");
    char *between = xasprintf("|%s|", level);
    unsigned int n = 0;
    char line[4096];

    assert_non_null(stream);
    fseek(stream, log_start, SEEK_SET);
    while (fgets(line, sizeof line, stream)) {
        n += (!*level || strstr(line, between)) && strstr(line, text);
    }
    fclose(stream);
    free(between);
    return n;
}

void
rig_log_clear(void)
{
    FILE *stream = fopen(log_file, "r");

    assert_non_null(stream);
    fseek(stream, 0, SEEK_END);
    log_start = ftell(stream);
    fclose(stream);
}

size_t
rig_heap_used(void)
{
    struct rte_malloc_socket_stats stats;

    assert_int_equal(rte_malloc_get_socket_stats(0, &stats), 0);
    return stats.heap_allocsz_bytes;
}

bool
rig_mbuf_is_fresh(const struct rte_mbuf *m, const struct rte_mempool *pool)
{
    return (m->pool == pool
            && m->buf_addr == (const void *) (m + 1)
            && m->buf_len == rte_pktmbuf_data_room_size(
                                 CONST_CAST(struct rte_mempool *, pool))
            && m->data_off == RTE_PKTMBUF_HEADROOM
            && rte_mbuf_refcnt_read(m) == 1
            && m->nb_segs == 1
            && !m->next
            && !m->ol_flags);
}
