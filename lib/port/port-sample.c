/* SPDX-License-Identifier: Apache-2.0
 *
 * port-sample.c: threads that ask devices for their counters.
 *
 * At first there is one.  When a port has waited in the queue for long, since
 * every thread is with a device that does not answer, another thread begins:
 * there are never more than such devices and one.  They end with the last
 * port that needs them.
 */
#include <config.h>
#include "port/port-sample.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "eal/log-modules.h"
#include "openvswitch/list.h"
#include "openvswitch/poll-loop.h"
#include "ovs-rcu.h"
#include "ovs-thread.h"
#include "port/port-class.h"
#include "port/port.h"
#include "timeval.h"
#include "util.h"

#define this_module log_netdev_dpdk

enum {
    QUEUE_MS = 100,             /* in the queue, until another thread comes */
    SILENCE_MS = 5000,          /* of a device, until it is reported */
};

enum state {
    IDLE,
    QUEUED,
    BUSY,                       /* a thread is with the device */
};

static struct ovs_mutex mutex = OVS_MUTEX_INITIALIZER;

struct port_sampling {
    struct port *port;
    struct ovs_list all_node;                   /* main only */
    unsigned int n_held;                        /* main only */
    bool again;                 /* asked for while held; main only */
    bool silent;                /* and that was said; main only */

    struct ovs_list queue_node OVS_GUARDED_BY(mutex);
    enum state state OVS_GUARDED_BY(mutex);
    long long int since OVS_GUARDED_BY(mutex);  /* queued or busy, ms */
    bool news OVS_GUARDED_BY(mutex);            /* asked for as news */
    bool told OVS_GUARDED_BY(mutex);            /* and the thread is back */
    struct port_sample sample OVS_GUARDED_BY(mutex);    /* the last one */
    uint64_t base[PORT_SAMPLE_N_TOTALS] OVS_GUARDED_BY(mutex);
                                /* what the device counted before it began
                                 * anew */
};

static const char *const total_names[PORT_SAMPLE_N_TOTALS] = {
    [PORT_SAMPLE_RX_DROPPED] = "rx_dropped",
    [PORT_SAMPLE_RX_ERRORS] = "rx_errors",
    [PORT_SAMPLE_TX_ERRORS] = "tx_errors",
};

static struct ovs_list all = OVS_LIST_INITIALIZER(&all);        /* main */
static struct ovs_list queue OVS_GUARDED_BY(mutex)
    = OVS_LIST_INITIALIZER(&queue);
static unsigned int n_pending OVS_GUARDED_BY(mutex);    /* queued or busy */
static unsigned int n_busy OVS_GUARDED_BY(mutex);
static bool leave OVS_GUARDED_BY(mutex);
static pthread_cond_t work = PTHREAD_COND_INITIALIZER;  /* queue, leave */
static pthread_cond_t done = PTHREAD_COND_INITIALIZER;  /* BUSY no more */

static pthread_t *threads;      /* main only, like what follows */
static size_t n_threads, allocated_threads;

/* Sampling threads. */

static void
take_sample(struct port_sampling *s, struct port_sample *sample)
    OVS_REQUIRES(mutex)
{
    for (size_t i = 0; i < PORT_SAMPLE_N_TOTALS; i++) {
        if (sample->totals[i] < s->sample.totals[i]) {
            s->base[i] += s->sample.totals[i];
        }
    }
    port_stats_destroy(&s->sample.own);
    s->sample = *sample;
}

static void
set_state(struct port_sampling *s, enum state state) OVS_REQUIRES(mutex)
{
    s->state = state;
    s->since = time_msec();
}

/* Asks one device; the lock is given up meanwhile. */
static void
serve(struct port_sampling *s) OVS_REQUIRES(mutex)
{
    struct port_sample sample = { .totals = { 0 } };
    bool ok;

    ovs_list_remove(&s->queue_node);
    set_state(s, BUSY);
    n_busy++;
    ovs_mutex_unlock(&mutex);
    ok = s->port->class->sample(s->port, &sample);
    ovs_mutex_lock(&mutex);
    if (ok) {
        take_sample(s, &sample);
    } else {
        port_stats_destroy(&sample.own);
    }
    s->told |= s->news;
    s->news = false;
    set_state(s, IDLE);
    n_busy--;
    n_pending--;
    xpthread_cond_broadcast(&done);
    port_notify();
}

static void *
thread_main(void *aux OVS_UNUSED)
{
    /* What may be held up for long takes part in no grace period. */
    ovsrcu_quiesce_start();
    ovs_mutex_lock(&mutex);
    while (!leave) {
        if (ovs_list_is_empty(&queue)) {
            ovs_mutex_cond_wait(&work, &mutex);
        } else {
            serve(CONTAINER_OF(ovs_list_front(&queue), struct port_sampling,
                               queue_node));
        }
    }
    ovs_mutex_unlock(&mutex);
    return NULL;
}

/* Main thread. */

static void
add_thread(void)
{
    if (n_threads == allocated_threads) {
        threads = x2nrealloc(threads, &allocated_threads, sizeof *threads);
    }
    threads[n_threads++] = ovs_thread_create("port-sample", thread_main,
                                             NULL);
}

static void
end_threads(void)
{
    ovs_mutex_lock(&mutex);
    leave = true;
    xpthread_cond_broadcast(&work);
    ovs_mutex_unlock(&mutex);
    for (size_t i = 0; i < n_threads; i++) {
        xpthread_join(threads[i], NULL);
    }
    free(threads);
    threads = NULL;
    n_threads = allocated_threads = 0;
    ovs_mutex_lock(&mutex);
    leave = false;
    ovs_mutex_unlock(&mutex);
}

void
port_sample_init(struct port *p)
{
    struct port_sampling *s;

    if (!p->class->sample) {
        return;
    }
    s = xzalloc(sizeof *s);
    s->port = p;
    ovs_list_push_back(&all, &s->all_node);
    p->sampling = s;
    if (!n_threads) {
        add_thread();
    }
}

void
port_sample_destroy(struct port *p)
{
    struct port_sampling *s = p->sampling;

    if (!s) {
        return;
    }
    ovs_assert(s->n_held);
    ovs_list_remove(&s->all_node);
    ovs_mutex_lock(&mutex);
    port_stats_destroy(&s->sample.own);
    ovs_mutex_unlock(&mutex);
    free(s);
    p->sampling = NULL;
    if (ovs_list_is_empty(&all)) {
        end_threads();
    }
}

void
port_sample_ask(struct port *p, bool news)
{
    struct port_sampling *s = p->sampling;

    if (!s) {
        return;
    }
    ovs_mutex_lock(&mutex);
    s->news |= news;
    if (s->n_held) {
        s->again = true;
    } else if (s->state == IDLE) {
        set_state(s, QUEUED);
        ovs_list_push_back(&queue, &s->queue_node);
        n_pending++;
        xpthread_cond_signal(&work);
    }
    ovs_mutex_unlock(&mutex);
}

void
port_sample_ask_all(void)
{
    struct port_sampling *s;

    LIST_FOR_EACH (s, all_node, &all) {
        port_sample_ask(s->port, false);
    }
}

bool
port_sample_pending(void)
{
    bool pending;

    ovs_mutex_lock(&mutex);
    pending = n_pending;
    ovs_mutex_unlock(&mutex);
    return pending;
}

static void
unqueue(struct port_sampling *s) OVS_REQUIRES(mutex)
{
    if (s->state == QUEUED) {
        ovs_list_remove(&s->queue_node);
        set_state(s, IDLE);
        n_pending--;
        s->again = true;
    }
}

void
port_sample_hold(struct port *p)
{
    struct port_sampling *s = p->sampling;

    if (!s || s->n_held++) {
        return;
    }
    ovs_mutex_lock(&mutex);
    unqueue(s);
    while (s->state == BUSY) {
        ovs_mutex_cond_wait(&done, &mutex);
    }
    ovs_mutex_unlock(&mutex);
}

bool
port_sample_try(struct port *p)
{
    struct port_sampling *s = p->sampling;
    bool busy;

    if (!s) {
        return true;
    }
    ovs_mutex_lock(&mutex);
    busy = s->state == BUSY;
    if (!busy) {
        unqueue(s);
        s->n_held++;
    }
    ovs_mutex_unlock(&mutex);
    return !busy;
}

void
port_sample_release(struct port *p)
{
    struct port_sampling *s = p->sampling;

    if (s && !--s->n_held && s->again) {
        s->again = false;
        port_sample_ask(p, false);
    }
}

void
port_sample_add(struct port *p, struct port_stats *stats)
{
    struct port_sampling *s = p->sampling;

    if (!s) {
        return;
    }
    ovs_mutex_lock(&mutex);
    for (size_t i = 0; i < PORT_SAMPLE_N_TOTALS; i++) {
        port_stat_increase(stats, total_names[i],
                           s->base[i] + s->sample.totals[i]);
    }
    for (size_t i = 0; i < s->sample.own.n; i++) {
        port_stat_addf(stats, (uint64_t) s->sample.own.v[i].value, "%s",
                       s->sample.own.v[i].name);
    }
    ovs_mutex_unlock(&mutex);
}

/* A device that does not answer: once, and once when it does again. */
static void
watch_silence(struct port_sampling *s) OVS_REQUIRES(mutex)
{
    bool silent = (s->state == BUSY
                   && time_msec() >= s->since + SILENCE_MS);

    if (silent && !s->silent) {
        VLOG_WARN("%s: the device has not told its counters for %d seconds: "
                  "until it does, its statistics hold those it told before, "
                  "and a change of the port waits", s->port->name,
                  SILENCE_MS / 1000);
    } else if (s->silent && s->state != BUSY) {
        VLOG_INFO("%s: the device tells its counters again", s->port->name);
    } else {
        return;
    }
    s->silent = silent;
}

/* When another thread is needed.  (One that is about to begin is not with a
 * device.) */
static long long int
thread_due(void) OVS_REQUIRES(mutex)
{
    return (n_busy < n_threads || ovs_list_is_empty(&queue) ? LLONG_MAX
            : CONTAINER_OF(ovs_list_front(&queue), struct port_sampling,
                           queue_node)->since + QUEUE_MS);
}

void
port_sample_run(void)
{
    struct port_sampling *s;
    bool due;

    ovs_mutex_lock(&mutex);
    due = time_msec() >= thread_due();
    LIST_FOR_EACH (s, all_node, &all) {
        watch_silence(s);
        if (s->told) {
            s->told = false;
            port_changed(s->port);
        }
    }
    ovs_mutex_unlock(&mutex);
    if (due) {
        add_thread();
    }
}

void
port_sample_wait(void)
{
    struct port_sampling *s;
    long long int when;

    ovs_mutex_lock(&mutex);
    when = thread_due();
    LIST_FOR_EACH (s, all_node, &all) {
        if (s->state == BUSY && !s->silent) {
            when = MIN(when, s->since + SILENCE_MS);
        }
    }
    ovs_mutex_unlock(&mutex);
    if (when != LLONG_MAX) {
        poll_timer_wait_until(when);
    }
}
