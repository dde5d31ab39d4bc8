/* SPDX-License-Identifier: Apache-2.0
 *
 * mempool-plan.c: how much packet memory will a switch need?
 *
 * The program sluice-mempool-plan, beside "ovs-appctl
 * netdev-dpdk/mempool-plan" for a switch that does not run, or not yet.  Needs
 * neither DPDK nor hugepages.
 */
#include <config.h>

#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cfg/cfg-mempool.h"
#include "cfg/cfg-parse.h"
#include "cfg/cfg-what-if.h"
#include "command-line.h"
#include "dirs.h"
#include "mem/mp-plan-cfg.h"
#include "mem/mp-plan-view.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/vlog.h"
#include "sluice-config.h"
#include "util.h"
#include "utilities/plan-input.h"

enum {
    EXIT_WRONG = 2,             /* of wrong usage and wrong input */
    DEFAULT_TIMEOUT = 10,       /* seconds for a server's answer */
    PMDS_MAX = 1024,
};

struct arguments {
    const char *server;         /* one of these three */
    const char *ports;
    const char *file;
    unsigned int timeout;
    unsigned int n_pmds;        /* 0: not said */
    struct svec what_if;
    struct simap sockets;
    enum mp_plan_kind only;
    void (*format)(const struct mp_plan_view *, struct ds *);
};

OVS_NO_RETURN OVS_PRINTF_FORMAT(1, 2) static void
fail(const char *format, ...)
{
    va_list args;

    fprintf(stderr, "%s: ", program_name);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    putc('\n', stderr);
    exit(EXIT_WRONG);
}

OVS_NO_RETURN static void
usage(void)
{
    printf("\
%s: plans the packet memory of a Sluice switch\n\
usage: %s [OPTIONS] [FILE]\n\
\n\
Says for each memory model, shared or per port, fixed or elastic, which\n\
mempools there would be on each NUMA node, their mbufs, bytes and hugepages,\n\
and what is needed beside them while one port changes.\n\
\n\
Where the ports come from (default: the database of this machine,\n\
--db=unix:%s/db.sock):\n\
  FILE                  a database file, such as conf.db\n\
  --db=SERVER           a running database: unix:PATH, tcp:HOST:PORT, ...\n\
  --ports=FILE          a text file, one port in a line; \"-\" is standard\n\
                        input:\n\
                          NAME type=TYPE [KEY=VALUE]...\n\
                            keys: type, mtu, bridge, socket, group, pairs\n\
                            (guest's queue pairs), n_rxq, n_rxq_desc,\n\
                            n_txq_desc, devargs\n\
                          KEY=VALUE...\n\
                            keys: pmds, pmd-cpu-mask, per-port-memory,\n\
                            mempool-sizing, mempool-max-mbufs,\n\
                            shared-mempool-config\n\
                          # a comment\n\
\n\
What they do not say:\n\
  --pmds=N              N PMD threads (default: those of pmd-cpu-mask or,\n\
                        without it, one for each NUMA node known)\n\
  --socket=PORT:NODE    PORT takes its memory on this NUMA node (default:\n\
                        what a running switch says of it, else 0)\n\
\n\
What is asked:\n\
  --what-if=[PORT:]COLUMN=VALUE\n\
                        after this change, and while it is made; may be\n\
                        given several times.  Columns: mtu_request,\n\
                        options:n_rxq, options:n_rxq_desc,\n\
                        options:n_txq_desc, options:vhost-max-queue-pairs,\n\
                        other_config:mempool-group,\n\
                        other_config:mempool-max-mbufs,\n\
                        other_config:pmd-cpu-mask,\n\
                        other_config:shared-mempool-config\n\
  --model=MODEL         of this model only: shared-fixed, per-port-fixed,\n\
                        shared-elastic, per-port-elastic\n\
\n\
What is printed:\n\
  --json                JSON in place of tables\n\
  --svg                 a picture, SVG\n\
\n\
Other options:\n\
  --timeout=SECONDS     most to wait for the database's answer (default: %d)\n\
  -h, --help            display this help message\n\
  -V, --version         display version information\n\
\n\
Exit status: 0, or %d with the reason on standard error.\n",
           program_name, program_name, ovs_rundir(), DEFAULT_TIMEOUT,
           EXIT_WRONG);
    exit(EXIT_SUCCESS);
}

/* Arguments. */

static unsigned int
parse_number(const char *option, const char *value, int64_t max)
{
    int64_t n;

    if (!cfg_parse_int(value, 1, max, &n)) {
        fail("--%s=%s: expected a number from 1 to %lld", option, value,
             (long long int) max);
    }
    return (unsigned int) n;
}

static void
parse_socket(const char *value, struct simap *sockets)
{
    const char *colon = strrchr(value, ':');
    int64_t node;
    char *port;

    if (!colon || colon == value
        || !cfg_parse_int(colon + 1, 0, CFG_NUMA_MAX, &node)) {
        fail("--socket=%s: expected PORT:NODE with a NUMA node from 0 to %d",
             value, CFG_NUMA_MAX);
    }
    port = xmemdup0(value, (size_t) (colon - value));
    simap_put(sockets, port, (unsigned int) node);
    free(port);
}

static enum mp_plan_kind
parse_model(const char *value)
{
    enum mp_plan_kind kind = mp_plan_kind_from_name(value);
    struct ds names = DS_EMPTY_INITIALIZER;

    if (kind == MP_PLAN_N_KINDS) {
        for (int i = 0; i < MP_PLAN_N_KINDS; i++) {
            ds_put_format(&names, "%s%s", i ? ", " : "",
                          mp_plan_kind_name((enum mp_plan_kind) i));
        }
        fail("--model=%s: expected one of %s", value, ds_cstr(&names));
    }
    ds_destroy(&names);
    return kind;
}

static void
set_source(const char **source, const struct arguments *a,
           const char *value)
{
    if (a->server || a->ports || a->file) {
        fail("more than one of --db, --ports and a database file; use --help "
             "for usage");
    }
    *source = value;
}

static void
parse_arguments(int argc, char *argv[], struct arguments *a)
{
    enum {
        OPT_DB = UCHAR_MAX + 1, OPT_PORTS, OPT_PMDS, OPT_SOCKET, OPT_WHAT_IF,
        OPT_MODEL, OPT_JSON, OPT_SVG, OPT_TIMEOUT,
    };
    static const struct option options[] = {
        { "db", required_argument, NULL, OPT_DB },
        { "ports", required_argument, NULL, OPT_PORTS },
        { "pmds", required_argument, NULL, OPT_PMDS },
        { "socket", required_argument, NULL, OPT_SOCKET },
        { "what-if", required_argument, NULL, OPT_WHAT_IF },
        { "model", required_argument, NULL, OPT_MODEL },
        { "json", no_argument, NULL, OPT_JSON },
        { "svg", no_argument, NULL, OPT_SVG },
        { "timeout", required_argument, NULL, OPT_TIMEOUT },
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' },
        { NULL, 0, NULL, 0 },
    };
    int c;

    while ((c = getopt_long(argc, argv, "hV", options, NULL)) != -1) {
        switch (c) {
        case OPT_DB:
            set_source(&a->server, a, optarg);
            break;
        case OPT_PORTS:
            set_source(&a->ports, a, optarg);
            break;
        case OPT_PMDS:
            a->n_pmds = parse_number("pmds", optarg, PMDS_MAX);
            break;
        case OPT_SOCKET:
            parse_socket(optarg, &a->sockets);
            break;
        case OPT_WHAT_IF:
            svec_add(&a->what_if, optarg);
            break;
        case OPT_MODEL:
            a->only = parse_model(optarg);
            break;
        case OPT_JSON:
            a->format = mp_plan_to_json;
            break;
        case OPT_SVG:
            a->format = mp_plan_to_svg;
            break;
        case OPT_TIMEOUT:
            a->timeout = parse_number("timeout", optarg, INT_MAX);
            break;
        case 'h':
            usage();
        case 'V':
            printf("%s (Sluice) %s\n", program_name, SLUICE_VERSION);
            exit(EXIT_SUCCESS);
        default:
            exit(EXIT_WRONG);
        }
    }
    if (argc - optind > 1) {
        fail("at most one database file; use --help for usage");
    } else if (optind < argc) {
        set_source(&a->file, a, argv[optind]);
    }
}

/* Input. */

static void
read_input(const struct arguments *a, struct plan_input *in)
{
    char *local = xasprintf("unix:%s/db.sock", ovs_rundir());
    const struct simap_node *node;
    char *error;

    error = (a->ports ? plan_read_ports(a->ports, in)
             : a->file ? plan_read_file(a->file, in)
             : plan_read_server(a->server ? a->server : local, a->timeout,
                                in));
    if (error) {
        fail("%s", error);
    }
    free(local);
    SIMAP_FOR_EACH (node, &a->sockets) {
        simap_put(&in->sockets, node->name, node->data);
    }
    if (a->n_pmds) {
        in->n_pmds = a->n_pmds;
    }
}

/* Output. */

static enum mp_plan_kind
kind_in_force(const struct cfg *cfg)
{
    const struct smap *oc = &cfg->other_config;

    return mp_plan_kind_of(smap_get_bool(oc, "per-port-memory", false),
                           !strcasecmp(smap_get_def(oc, "mempool-sizing", ""),
                                       "elastic"));
}

static void
print_view(const struct arguments *a, struct mp_plan_view *v,
           const struct plan_input *in)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    v->in_force = kind_in_force(&in->cfg);
    v->only = a->only;
    v->notes = (const char *const *) in->notes.names;
    v->n_notes = in->notes.n;
    a->format(v, &ds);
    if (fwrite(ds_cstr(&ds), 1, ds.length, stdout) != ds.length
        || fflush(stdout)) {
        fail("could not write the plan");
    }
    ds_destroy(&ds);
}

static struct mp_plan_facts
facts_of(const struct plan_input *in)
{
    return (struct mp_plan_facts) {
        .n_pmds = in->n_pmds, .sockets = &in->sockets, .pairs = &in->pairs,
    };
}

static void
plan_change(const struct arguments *a, const struct plan_input *in,
            const struct cfg_env *env, const struct mp_plan_in *now)
{
    struct mp_plan_facts facts = facts_of(in);
    struct mp_plan before, after;
    struct mp_plan_in then_in;
    struct mp_plan_view v;
    struct cfg then;
    char *error;

    error = cfg_what_if(&in->cfg, (const char *const *) a->what_if.names,
                        a->what_if.n, env, &then);
    if (error) {
        fail("--what-if: %s", error);
    }
    if (!nullable_string_is_equal(in->cfg.pmd_cpu_mask, then.pmd_cpu_mask)) {
        facts.n_pmds = 0;       /* another mask is about just that */
    }
    mp_plan_in_from_cfg(&then_in, &then, &facts);
    mp_plan_make(now, &before);
    mp_plan_change(now, &then_in, &after);
    v = (struct mp_plan_view) {
        .plan = &after, .before = &before,
        .settings = (const char *const *) a->what_if.names,
        .n_settings = a->what_if.n,
    };
    print_view(a, &v, in);
    mp_plan_destroy(&before);
    mp_plan_destroy(&after);
    mp_plan_in_destroy(&then_in);
    cfg_destroy(&then);
}

static void
plan(const struct arguments *a, const struct plan_input *in,
     const struct cfg_env *env)
{
    struct mp_plan_facts facts = facts_of(in);
    struct mp_plan_in now;

    mp_plan_in_from_cfg(&now, &in->cfg, &facts);
    if (a->what_if.n) {
        plan_change(a, in, env, &now);
    } else {
        struct mp_plan p;
        struct mp_plan_view v = { .plan = &p };

        mp_plan_make(&now, &p);
        print_view(a, &v, in);
        mp_plan_destroy(&p);
    }
    mp_plan_in_destroy(&now);
}

int
main(int argc, char *argv[])
{
    static const struct cfg_env env = { .vhost_sock_dir = "/" };
    struct arguments a = {
        .timeout = DEFAULT_TIMEOUT,
        .only = MP_PLAN_N_KINDS,
        .format = mp_plan_to_text,
    };
    struct plan_input in;
    char *error;

    set_program_name(argv[0]);
    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
    svec_init(&a.what_if);
    simap_init(&a.sockets);
    parse_arguments(argc, argv, &a);
    plan_input_init(&in);
    read_input(&a, &in);
    error = plan_check(&in, &env, a.ports != NULL);
    if (error) {
        fail("%s", error);
    }
    plan(&a, &in, &env);
    plan_input_destroy(&in);
    svec_destroy(&a.what_if);
    simap_destroy(&a.sockets);
    return EXIT_SUCCESS;
}
