/* SPDX-License-Identifier: Apache-2.0
 *
 * main.c: arguments, daemonising, the main loop.
 *
 * Names are those that ovs-vswitchd's users expect: the pidfile and the
 * control socket are called ovs-vswitchd, whatever this program's file.
 */
#include <config.h>

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "command-line.h"
#include "coverage.h"
#include "cfg/cfg.h"
#include "daemon.h"
#include "dirs.h"
#include "eal/eal.h"
#include "eal/machine.h"
#include "fatal-signal.h"
#include "mem/mempool.h"
#include "memory.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "ovsdb/db.h"
#include "ovsdb/status.h"
#include "pmd/pmd.h"
#include "port/port.h"
#include "simap.h"
#include "sluice-config.h"
#include "switch/bridge.h"
#include "timeval.h"
#include "unixctl.h"
#include "util.h"
#include "vswitchd/find-port.h"
#include "vswitchd/mem-plan.h"
#include "vswitchd/reconcile.h"

VLOG_DEFINE_THIS_MODULE(vswitchd);

enum {
    /* How long --detach keeps its caller waiting for a database. */
    DETACH_PATIENCE_MS = 2000,
};

static char *unixctl_path;
static bool want_mlockall;

static int stop_fd = -1;                /* written by the signal handler */
static struct unixctl_conn **exit_conns;
static size_t n_exit_conns;
static bool exiting, cleanup;

OVS_NO_RETURN static void
usage(void)
{
    printf("%s: Sluice, a kernel-bypass virtual switch\n"
           "usage: %s [OPTIONS] [DATABASE]\n"
           "where DATABASE is a socket on which ovsdb-server is listening\n"
           "      (default: \"unix:%s/db.sock\").\n",
           program_name, program_name, ovs_rundir());
    daemon_usage();
    vlog_usage();
    printf("\nOther options:\n"
           "  --unixctl=SOCKET        override default control socket name\n"
           "  --mlockall              keep all memory in RAM\n"
           "  --disable-system        accepted; there is no kernel datapath\n"
           "  -h, --help              display this help message\n"
           "  -V, --version           display version information\n");
    exit(EXIT_SUCCESS);
}

static char *
parse_options(int argc, char *argv[])
{
    enum {
        OPT_UNIXCTL = UCHAR_MAX + 1,
        OPT_MLOCKALL,
        OPT_DISABLE_SYSTEM,
        OPT_DPDK,
        VLOG_OPTION_ENUMS,
        DAEMON_OPTION_ENUMS,
    };
    static const struct option long_options[] = {
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' },
        { "unixctl", required_argument, NULL, OPT_UNIXCTL },
        { "mlockall", no_argument, NULL, OPT_MLOCKALL },
        { "disable-system", no_argument, NULL, OPT_DISABLE_SYSTEM },
        { "dpdk", optional_argument, NULL, OPT_DPDK },
        DAEMON_LONG_OPTIONS,
        VLOG_LONG_OPTIONS,
        { NULL, 0, NULL, 0 },
    };
    char *short_options
        = ovs_cmdl_long_options_to_short_options(long_options);
    int c;

    while ((c = getopt_long(argc, argv, short_options, long_options,
                            NULL)) != -1) {
        switch (c) {
        case 'h':
            usage();

        case 'V':
            ovs_print_version(0, 0);
            printf("%s\n", eal_version());
            exit(EXIT_SUCCESS);

        case OPT_UNIXCTL:
            unixctl_path = optarg;
            break;

        case OPT_MLOCKALL:
            want_mlockall = true;
            break;

        case OPT_DISABLE_SYSTEM:
            break;

        case OPT_DPDK:
            ovs_fatal(0, "--dpdk is not a command-line option: set "
                      "Open_vSwitch other_config:dpdk-init=true in the "
                      "database");

        DAEMON_OPTION_HANDLERS

        VLOG_OPTION_HANDLERS

        case '?':
            exit(EXIT_FAILURE);

        default:
            abort();
        }
    }
    free(short_options);

    if (argc - optind > 1) {
        ovs_fatal(0, "at most one non-option argument accepted; "
                  "use --help for usage");
    }
    return (optind < argc ? xstrdup(argv[optind])
            : xasprintf("unix:%s/db.sock", ovs_rundir()));
}

/* Each queue of a guest takes descriptors, two at least, and a guest's port
 * some more: the 1,024 that a process commonly has are those of three guests
 * with 128 pairs.  That limit is for programs that call select(), which this
 * one does not; how many there may be, the hard limit says. */
static void
raise_descriptor_limit(void)
{
    struct rlimit limit;
    rlim_t soft;

    if (getrlimit(RLIMIT_NOFILE, &limit)) {
        VLOG_WARN("cannot read the limit of file descriptors: %s",
                  ovs_strerror(errno));
        return;
    }
    soft = limit.rlim_cur;
    if (soft >= limit.rlim_max) {
        return;
    }
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit)) {
        VLOG_WARN("cannot raise the limit of file descriptors from %llu to "
                  "%llu: %s", (unsigned long long int) soft,
                  (unsigned long long int) limit.rlim_max,
                  ovs_strerror(errno));
        return;
    }
    VLOG_INFO("raised the limit of file descriptors from %llu to %llu",
              (unsigned long long int) soft,
              (unsigned long long int) limit.rlim_max);
}

static void
on_signal(int sig OVS_UNUSED)
{
    uint64_t one = 1;
    int saved = errno;

    if (write(stop_fd, &one, sizeof one) < 0) {
        /* The counter is full: a stop is on its way. */
    }
    errno = saved;
}

/* A signal to end is an ordinary event: ports are closed, sockets unlinked,
 * memory returned. */
static void
catch_signals(void)
{
    static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
    struct sigaction sa = { .sa_handler = on_signal };

    stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (stop_fd < 0) {
        VLOG_FATAL("cannot make an eventfd: %s", ovs_strerror(errno));
    }
    sigemptyset(&sa.sa_mask);
    for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
        sigaction(signals[i], &sa, NULL);
    }
}

static bool
signalled(void)
{
    uint64_t count;

    return read(stop_fd, &count, sizeof count) == sizeof count;
}

static void
cmd_exit(struct unixctl_conn *conn, int argc, const char *argv[],
         void *aux OVS_UNUSED)
{
    if (argc == 2 && strcmp(argv[1], "--cleanup")) {
        char *text = xasprintf("unknown argument '%s': --cleanup expected",
                               argv[1]);

        unixctl_command_reply_error(conn, text);
        free(text);
        return;
    }
    /* Answered when all is closed. */
    exit_conns = xrealloc(exit_conns, (n_exit_conns + 1)
                          * sizeof *exit_conns);
    exit_conns[n_exit_conns++] = conn;
    cleanup |= argc == 2;
    exiting = true;
}

static void
register_commands(void)
{
    unixctl_command_register("exit", "[--cleanup]", 0, 1, cmd_exit, NULL);
    coverage_init();
    eal_cmd_init();
    mem_cmd_init(find_port_mempool);
    port_cmd_init();
    port_qos_cmd_init();
    switch_cmd_init();
    pmd_cmd_init();
    reconcile_cmd_init();
    mem_plan_cmd_init();
}

static void
report_memory(void)
{
    memory_run();
    if (memory_should_report()) {
        struct simap usage = SIMAP_INITIALIZER(&usage);

        db_get_memory_usage(&usage);
        simap_increase(&usage, "ports", (unsigned int) port_count());
        simap_increase(&usage, "bridges", (unsigned int) bridge_count());
        memory_report(&usage);
        simap_destroy(&usage);
    }
}

static void
take_configuration(void)
{
    struct cfg cfg;

    if (db_run() && db_get_cfg(&cfg)) {
        reconcile_apply(&cfg);
        cfg_destroy(&cfg);
        db_set_applied();
        daemonize_complete();
    }
}

static void
main_loop(struct unixctl_server *unixctl)
{
    long long int detach_by = time_msec() + DETACH_PATIENCE_MS;

    while (!exiting) {
        report_memory();
        take_configuration();
        reconcile_run();
        report_run();
        unixctl_server_run(unixctl);
        exiting |= signalled();
        if (time_msec() >= detach_by) {
            daemonize_complete();
            detach_by = LLONG_MAX;
        }

        memory_wait();
        db_wait();
        reconcile_wait();
        report_wait();
        unixctl_server_wait(unixctl);
        poll_fd_wait(stop_fd, POLLIN);
        poll_timer_wait_until(detach_by);
        if (exiting) {
            poll_immediate_wake();
        }
        poll_block();
    }
}

int
main(int argc, char *argv[])
{
    struct unixctl_server *unixctl;
    char *remote;
    int error;

    ovs_set_program_name("ovs-vswitchd", "(Sluice) " SLUICE_VERSION);
    ovs_cmdl_proctitle_init(argc, argv);
    remote = parse_options(argc, argv);
    fatal_ignore_sigpipe();
    daemonize_start(true);
    catch_signals();
    raise_descriptor_limit();
    if (want_mlockall && mlockall(MCL_CURRENT | MCL_FUTURE)) {
        VLOG_ERR("mlockall failed: %s", ovs_strerror(errno));
    }

    error = unixctl_server_create(unixctl_path, &unixctl);
    if (error) {
        exit(EXIT_FAILURE);
    }
    machine_init();
    register_commands();
    reconcile_init(ovs_rundir());
    db_init(remote);
    free(remote);

    main_loop(unixctl);

    reconcile_destroy(cleanup);
    db_destroy();
    for (size_t i = 0; i < n_exit_conns; i++) {
        unixctl_command_reply(exit_conns[i], NULL);
    }
    free(exit_conns);
    unixctl_server_destroy(unixctl);
    close(stop_fd);
    return EXIT_SUCCESS;
}
