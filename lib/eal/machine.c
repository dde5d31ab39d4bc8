/* SPDX-License-Identifier: Apache-2.0
 *
 * machine.c: NUMA nodes and cores, read once through libnuma.
 */
#include <config.h>
#include "eal/machine.h"

#include <errno.h>
#include <numa.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "openvswitch/vlog.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(machine);

struct core {
    int id;
    int node;
};

static struct core *cores;      /* ascending ids */
static int n_cores;
static int n_nodes;

static void
add_core(int id, int node)
{
    cores = xrealloc(cores, (n_cores + 1) * sizeof *cores);
    cores[n_cores++] = (struct core) { .id = id, .node = node };
}

static void
count_nodes(void)
{
    n_nodes = 0;
    for (int i = 0; i < n_cores; i++) {
        bool seen = false;

        for (int j = 0; j < i; j++) {
            seen |= cores[j].node == cores[i].node;
        }
        n_nodes += !seen;
    }
    VLOG_INFO("Discovered %d NUMA nodes and %d CPU cores", n_nodes, n_cores);
}

static void
forget(void)
{
    free(cores);
    cores = NULL;
    n_cores = 0;
}

void
machine_init(void)
{
    bool numa = numa_available() >= 0;
    cpu_set_t set;

    forget();
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set)) {
        VLOG_WARN("cannot read the CPU affinity: %s", ovs_strerror(errno));
        CPU_SET(0, &set);
    }
    for (int id = 0; id < CPU_SETSIZE; id++) {
        if (CPU_ISSET(id, &set)) {
            int node = numa ? numa_node_of_cpu(id) : 0;

            add_core(id, MAX(node, 0));
        }
    }
    count_nodes();
}

void
machine_init_dummy(const char *spec)
{
    char *copy = xstrdup(spec);
    char *save = NULL;
    int id = 0;

    forget();
    for (char *s = strtok_r(copy, ",", &save); s;
         s = strtok_r(NULL, ",", &save)) {
        add_core(id++, atoi(s));
    }
    free(copy);
    count_nodes();
}

int
machine_n_cores(void)
{
    return n_cores;
}

int
machine_n_nodes(void)
{
    return n_nodes;
}

int
machine_core_id(int i)
{
    ovs_assert(i >= 0 && i < n_cores);
    return cores[i].id;
}

static const struct core *
find_core(int id)
{
    for (int i = 0; i < n_cores; i++) {
        if (cores[i].id == id) {
            return &cores[i];
        }
    }
    return NULL;
}

bool
machine_core_exists(int core)
{
    return find_core(core) != NULL;
}

int
machine_core_node(int core)
{
    const struct core *c = find_core(core);

    return c ? c->node : -1;
}

int
machine_first_core(int node)
{
    for (int i = 0; i < n_cores; i++) {
        if (cores[i].node == node) {
            return cores[i].id;
        }
    }
    return -1;
}

static int
set_affinity(const cpu_set_t *set)
{
    return -pthread_setaffinity_np(pthread_self(), sizeof *set, set);
}

void
machine_keep_off(const int *busy, int n)
{
    cpu_set_t all, rest;
    int error;

    CPU_ZERO(&all);
    for (int i = 0; i < n_cores; i++) {
        CPU_SET(cores[i].id, &all);
    }
    rest = all;
    for (int i = 0; i < n; i++) {
        if (busy[i] >= 0 && busy[i] < CPU_SETSIZE) {
            CPU_CLR(busy[i], &rest);
        }
    }
    error = set_affinity(CPU_COUNT(&rest) ? &rest : &all);
    if (error) {
        VLOG_WARN("cannot set the CPU affinity: %s", ovs_strerror(-error));
    }
}

int
machine_pin(int core)
{
    cpu_set_t set;

    if (core < 0 || core >= CPU_SETSIZE) {
        return -EINVAL;
    }
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    return set_affinity(&set);
}
