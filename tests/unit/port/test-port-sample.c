/* SPDX-License-Identifier: Apache-2.0
 *
 * test-port-sample.c: counters of devices, some of which are slow to tell
 * them.
 */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovs-thread.h"
#include "port/port-sample.h"
#include "port/port.h"
#include "tests/fake/fake-port.h"
#include "timeval.h"
#include "util.h"

enum { N_OTHERS = 3, DEADLINE_MS = 60000 };

static char log_name[] = "/tmp/test-port-sample-XXXXXX";

static void
hook(struct port *p OVS_UNUSED)
{
}

static int
setup(void **state OVS_UNUSED)
{
    static const struct port_hooks hooks = {
        .quiesce = hook, .publish = hook,
    };

    fake_reset();
    port_init(&hooks);
    port_set_senders(1);
    return 0;
}

static struct port *
create(const char *name)
{
    struct cfg_settings set;
    char *error = NULL;
    struct port *p;

    fake_settings(&set, 1500);
    p = port_create_with_class(&fake_slow_class, name, &set, 1, &error);
    assert_null(error);
    cfg_settings_destroy(&set);
    return p;
}

/* One round of the main loop, which sleeps until there is something to do. */
static void
main_loop(void)
{
    port_run();
    port_wait();
    poll_block();
}

static void
wait_for(bool (*condition)(struct port *), struct port *p)
{
    long long int deadline = time_msec() + DEADLINE_MS;

    while (!condition(p)) {
        assert_true(time_msec() < deadline);
        poll_timer_wait_until(time_msec() + 10);
        main_loop();
    }
}

static bool
all_answered(struct port *p OVS_UNUSED)
{
    return !port_sample_pending();
}

static int64_t
stat_of(struct port *p, const char *name)
{
    struct port_stats stats;
    int64_t value = -1;

    port_get_stats(p, &stats);
    for (size_t i = 0; i < stats.n; i++) {
        if (!strcmp(stats.v[i].name, name)) {
            value = stats.v[i].value;
        }
    }
    port_stats_destroy(&stats);
    return value;
}

static bool
knows_7(struct port *p)
{
    return stat_of(p, "rx_dropped") == 7;
}

static void
test_told_at_once_when_new(void **state OVS_UNUSED)
{
    struct port *p = create("p0");
    uint64_t seq = port_change_seq();

    assert_int_equal(stat_of(p, "rx_dropped"), 0);
    wait_for(all_answered, p);
    port_run();
    assert_true(port_change_seq() > seq);       /* to be shown now */
    assert_int_equal(stat_of(p, "rx_missed"), 0);

    /* Asked as always, it is nothing new. */
    fake_port_set_missed(p, 7);
    assert_int_equal(stat_of(p, "rx_dropped"), 0);
    seq = port_change_seq();
    port_sample_ask_all();
    wait_for(all_answered, p);
    port_run();
    assert_int_equal(stat_of(p, "rx_dropped"), 7);
    assert_int_equal(stat_of(p, "rx_missed"), 7);
    assert_int_equal(port_change_seq(), seq);
    port_delete(p);
}

/* A device that begins to count anew, as with a reset. */
static void
test_totals_never_go_back(void **state OVS_UNUSED)
{
    static const struct { uint64_t device; int64_t shown; } steps[] = {
        { 5, 5 }, { 8, 8 }, { 2, 10 }, { 3, 11 }, { 0, 11 }, { 1, 12 },
    };
    struct port *p = create("p0");

    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        fake_port_set_missed(p, steps[i].device);
        wait_for(all_answered, p);
        port_sample_ask_all();
        wait_for(all_answered, p);
        assert_int_equal(stat_of(p, "rx_dropped"), steps[i].shown);
        /* The driver's own names hold what the driver says. */
        assert_int_equal(stat_of(p, "rx_missed"), steps[i].device);
    }
    port_delete(p);
}

/* Two silent devices, which the main thread and the others do not feel. */
static void
test_slow_ports_keep_nobody(void **state OVS_UNUSED)
{
    struct port *slow[2] = { create("slow0"), create("slow1") };
    struct port *other[N_OTHERS];
    struct port_link link;

    wait_for(all_answered, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(slow); i++) {
        port_get_link(slow[i], &link);
        fake_port_set_silent(slow[i], true);
        port_sample_ask(slow[i], false);
        wait_for(fake_port_is_asked, slow[i]);
    }
    for (size_t i = 0; i < N_OTHERS; i++) {
        char name[16];

        snprintf(name, sizeof name, "other%"PRIuSIZE, i);
        other[i] = create(name);
        fake_port_set_missed(other[i], 7);
    }
    port_sample_ask_all();
    for (size_t i = 0; i < N_OTHERS; i++) {
        wait_for(knows_7, other[i]);
        port_delete(other[i]);
    }
    assert_true(port_sample_pending());
    assert_int_equal(stat_of(slow[0], "rx_dropped"), 0);
    memset(&link, 0, sizeof link);
    port_get_link(slow[0], &link);              /* the one shown last */
    assert_true(link.up);
    assert_int_equal(link.mtu, 1500);

    for (size_t i = 0; i < ARRAY_SIZE(slow); i++) {
        fake_port_set_missed(slow[i], 7);
        fake_port_set_silent(slow[i], false);
        wait_for(knows_7, slow[i]);
        port_delete(slow[i]);
    }
}

/* What a change brought is shown, whether a thread is with the device now or
 * not. */
static void
test_shown_after_a_change(void **state OVS_UNUSED)
{
    struct cfg_settings set;
    char *error = NULL;

    fake_settings(&set, 1400);
    for (int i = 0; i < 300; i++) {
        struct port *p = create("p0");
        struct port_link link;
        struct smap status;

        port_get_link(p, &link);
        assert_true(link.up);
        assert_int_equal(link.mtu, 1500);
        port_get_status(p, &status);
        assert_string_equal(smap_get(&status, "driver_name"), "fake");
        smap_destroy(&status);
        assert_int_equal(port_set(p, &set, 1, &error), 0);
        port_get_link(p, &link);
        assert_int_equal(link.mtu, 1400);
        port_delete(p);
    }
    cfg_settings_destroy(&set);
}

static bool
is_shown_down(struct port *p)
{
    struct port_link link;

    port_get_link(p, &link);
    return !link.up;
}

/* A link that changes while a thread is with the device. */
static void
test_shown_anew_after_asking(void **state OVS_UNUSED)
{
    struct port *p = create("p0");
    uint64_t seq;

    wait_for(all_answered, p);
    fake_port_set_silent(p, true);
    port_sample_ask(p, false);
    wait_for(fake_port_is_asked, p);
    fake_port_set_link(p, false);
    assert_false(is_shown_down(p));
    seq = port_change_seq();
    fake_port_set_silent(p, false);
    wait_for(all_answered, p);
    port_run();
    assert_true(port_change_seq() > seq);
    assert_true(is_shown_down(p));
    port_delete(p);
}

/* Asks the device anew, which does not answer.  One that is being asked is
 * not asked once more. */
static void
fall_silent(struct port *p)
{
    wait_for(all_answered, p);
    fake_port_set_silent(p, true);
    port_sample_ask(p, false);
}

static bool
has_logged(const char *text)
{
    char line[1024];
    bool found = false;
    FILE *f = fopen(log_name, "r");

    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        found |= strstr(line, text) != NULL;
    }
    fclose(f);
    return found;
}

static bool
said_silent(struct port *p OVS_UNUSED)
{
    return has_logged("p0: the device has not told its counters");
}

static bool
said_again(struct port *p OVS_UNUSED)
{
    return has_logged("p0: the device tells its counters again");
}

static void
test_silence_is_reported(void **state OVS_UNUSED)
{
    struct port *p = create("p0");

    fall_silent(p);
    wait_for(said_silent, p);
    assert_false(said_again(p));
    fake_port_set_silent(p, false);
    wait_for(said_again, p);
    port_delete(p);
}

static void *
let_speak(void *p)
{
    while (!fake_port_is_asked(p)) {
        usleep(1000);
    }
    usleep(20000);
    fake_port_set_silent(p, false);
    return NULL;
}

/* Whoever changes or deletes a port waits until nobody is with the device. */
static void
test_change_while_asked(void **state OVS_UNUSED)
{
    struct port *p = create("p0");
    struct cfg_settings set;
    char *error = NULL;

    fake_settings(&set, 1500);
    for (uint32_t i = 0; i < 20; i++) {
        pthread_t thread;

        fall_silent(p);
        thread = ovs_thread_create("speaker", let_speak, p);
        wait_for(fake_port_is_asked, p);
        set.mtu = 1400 + i;
        assert_int_equal(port_set(p, &set, 1, &error), 0);
        assert_int_equal(p->running.mtu, set.mtu);
        xpthread_join(thread, NULL);
    }
    port_delete(p);
    cfg_settings_destroy(&set);
}

static int
setup_log(void **state OVS_UNUSED)
{
    int fd = mkstemp(log_name);

    vlog_set_levels(NULL, VLF_CONSOLE, VLL_OFF);
    return fd < 0 || close(fd) || vlog_set_log_file(log_name) ? -1 : 0;
}

static int
remove_log(void **state OVS_UNUSED)
{
    return unlink(log_name);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_told_at_once_when_new, setup),
        cmocka_unit_test_setup(test_totals_never_go_back, setup),
        cmocka_unit_test_setup(test_slow_ports_keep_nobody, setup),
        cmocka_unit_test_setup(test_shown_after_a_change, setup),
        cmocka_unit_test_setup(test_shown_anew_after_asking, setup),
        cmocka_unit_test_setup(test_silence_is_reported, setup),
        cmocka_unit_test_setup(test_change_while_asked, setup),
    };

    return cmocka_run_group_tests(tests, setup_log, remove_log);
}
