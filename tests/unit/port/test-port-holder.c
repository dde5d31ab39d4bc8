/* SPDX-License-Identifier: Apache-2.0
 *
 * Whose mbufs are they?  What port_tx() marks, as a census of the pool shows
 * it: a port that keeps mbufs is found out.
 */
#include <config.h>
#include "mem/mp-holder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <rte_mbuf.h>

#include "mem/mempool.h"
#include "mem/mp-census.h"
#include "openvswitch/compiler.h"
#include "tests/fake/fake-port.h"
#include "tests/unit/port/port-rig.h"
#include "util.h"

enum { N = 300 };

static struct port *source;     /* whose pool the frames are of */
static struct rte_mbuf *m[N];

/* A port class that forgets to give mbufs back. */
static unsigned int n_kept;
static struct rte_mbuf *kept[N];

static void
leaky_tx(struct port *p OVS_UNUSED, uint16_t q OVS_UNUSED,
         struct rte_mbuf **frames, uint16_t n)
{
    memcpy(kept + n_kept, frames, n * sizeof *frames);
    n_kept += n;
}

static struct port *
create(const struct port_class *class, const char *name)
{
    struct cfg_settings set;
    char *error = NULL;
    struct port *p;

    fake_settings(&set, 900);
    p = port_create_with_class(class, name, &set, 1, &error);
    assert_non_null(p);
    cfg_settings_destroy(&set);
    return p;
}

static struct port *
create_leaky(const char *name)
{
    static struct port_class leaky_class;

    leaky_class = fake_class;
    leaky_class.tx = leaky_tx;
    return create(&leaky_class, name);
}

static int
start(void **state OVS_UNUSED)
{
    static const struct mp_holding none;

    fake_reset();
    port_set_senders(1);
    fake_use_mempool(true);
    source = fake_port_create("source", 900, 1);
    fake_use_mempool(false);
    mp_settle("source", &none);
    n_kept = 0;
    return rte_pktmbuf_alloc_bulk(mp_mempool(source->mp), m, N);
}

static int
end(void **state)
{
    rte_pktmbuf_free_bulk(kept, n_kept);
    return rig_delete_all(state);
}

/* Mbufs of the source's pool that `name` was sent and has not given back. */
static uint32_t
held_by(const char *name, bool gone)
{
    struct mp_census c;
    uint32_t n = 0;

    mp_census_take(source->mp, &c);
    for (size_t i = 0; i < c.n_ports; i++) {
        if (!strcmp(c.ports[i].port, name)) {
            n = c.ports[i].tx_holds;
            assert_int_equal(c.ports[i].gone, gone);
        }
    }
    mp_census_destroy(&c);
    return n;
}

static void
test_sent_and_kept(void **state OVS_UNUSED)
{
    struct port *a = fake_port_create("a", 900, 1);
    struct port *b = fake_port_create("b", 900, 1);

    assert_int_not_equal(a->mark, b->mark);
    port_tx(a, 0, m, 100);
    port_tx(b, 0, m + 100, 150);
    assert_int_equal(held_by("a", false), 100);
    assert_int_equal(held_by("b", false), 150);

    rte_pktmbuf_free(fake_port_take_sent(a));
    assert_int_equal(held_by("a", false), 99);
    fake_port_set_tx(b, FAKE_TX_FREE);
    port_tx(b, 0, m + 250, 50);
    assert_int_equal(held_by("b", false), 150);

    /* A port that gives back what it kept when it ends. */
    port_delete(a);
    assert_int_equal(held_by("a", true), 0);
}

/* With more senders than queues, under the queue's lock. */
static void
test_shared_queue(void **state OVS_UNUSED)
{
    struct port *a = fake_port_create("a", 900, 1);

    port_set_senders(2);
    port_tx(a, 1, m, N);
    assert_int_equal(held_by("a", false), N);
}

/* A flooded frame counts for the port that got it last. */
static void
test_flooded(void **state OVS_UNUSED)
{
    struct port *a = fake_port_create("a", 900, 1);
    struct port *b = fake_port_create("b", 900, 1);

    rte_mbuf_refcnt_set(m[0], 2);
    port_tx(a, 0, m, 1);
    port_tx(b, 0, m, 1);
    assert_int_equal(held_by("a", false), 0);
    assert_int_equal(held_by("b", false), 1);
    rte_pktmbuf_free_bulk(m + 1, N - 1);
}

/* A port that copies keeps nothing: the frame is with the other one. */
static void
test_flooded_to_copier(void **state OVS_UNUSED)
{
    static struct port_class copier_class;
    struct port *a = fake_port_create("a", 900, 1);
    struct port *copier;

    copier_class = fake_class;
    copier_class.copies = true;
    copier = create(&copier_class, "copier");
    fake_port_set_tx(copier, FAKE_TX_FREE);
    rte_mbuf_refcnt_set(m[0], 2);
    port_tx(a, 0, m, 1);
    port_tx(copier, 0, m, 1);
    assert_int_equal(held_by("a", false), 1);
    assert_int_equal(held_by("copier", false), 0);
    rte_pktmbuf_free_bulk(m + 1, N - 1);
}

/* A leak is attributed to the last mbuf, also when the port is gone and has a
 * successor of another name. */
static void
test_leak(void **state OVS_UNUSED)
{
    struct port *leaky = create_leaky("leaky");
    struct port *good = fake_port_create("good", 900, 1);

    fake_port_set_tx(good, FAKE_TX_FREE);
    for (int i = 0; i < N; i += 3) {
        port_tx(leaky, 0, m + i, 1);
        port_tx(good, 0, m + i + 1, 2);
    }
    assert_int_equal(held_by("leaky", false), N / 3);
    assert_int_equal(held_by("good", false), 0);

    port_delete(leaky);
    fake_port_create("next", 900, 1);
    assert_int_equal(held_by("leaky", true), N / 3);
    assert_int_equal(held_by("next", false), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sent_and_kept, start, end),
        cmocka_unit_test_setup_teardown(test_shared_queue, start, end),
        cmocka_unit_test_setup_teardown(test_flooded, start, end),
        cmocka_unit_test_setup_teardown(test_flooded_to_copier, start, end),
        cmocka_unit_test_setup_teardown(test_leak, start, end),
    };

    return cmocka_run_group_tests_name("port/port-holder", tests, rig_setup,
                                       rig_teardown);
}
