/* SPDX-License-Identifier: Apache-2.0
 *
 * ethdev-devargs.c: is this text one that DPDK can be given?
 *
 * DPDK 22.11 and its drivers trust what they parse: some texts end the
 * process.  Operators may write anything.  Each rule here stands for a crash
 * that was seen.  Main thread only; what buses and drivers there are is asked
 * of DPDK.
 */
#include <config.h>
#include "port/ethdev.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_devargs.h>

#include "util.h"

#define CLASS_ETH_MAC "class=eth,mac="

/* Arguments that take an address in the process's memory (net_ring), or a
 * shell command (net_failsafe). */
static const char *const refused[] = { "internal=", "exec(" };

/* DPDK's newer syntax is a list of layers, "bus=...", "class=..." and
 * "driver=...", with slashes in between.  Most of it ends in a null pointer,
 * wherever it stands, be it in the text for another device in parentheses. */
static bool
has_layers(const char *devargs)
{
    static const char *const layers[] = { "bus", "class", "driver" };

    for (const char *s = devargs; s; s = strpbrk(s, "/(")) {
        size_t n;

        s += strspn(s, "/(,= ");
        n = strcspn(s, "/(),= ");
        for (size_t i = 0; i < ARRAY_SIZE(layers); i++) {
            if (n == strlen(layers[i]) && !strncmp(s, layers[i], n)) {
                return true;
            }
        }
    }
    return false;
}

/* The length of the first of the comma-separated `args`; commas within
 * brackets are its own.  `*has_value`: some drivers look at a value that is
 * not there.  (failsafe has "dev(...)".) */
static size_t
first_arg(const char *args, bool *has_value)
{
    const char *s = args;

    *has_value = false;
    for (int depth = 0; *s && (depth > 0 || *s != ','); s++) {
        depth += *s == '[' || *s == '(';
        depth -= *s == ']' || *s == ')';
        *has_value |= *s == '=' || *s == '(';
    }
    return (size_t) (s - args);
}

static int
check_args(const char *args, char **why)
{
    while (*args) {
        bool has_value;
        size_t n = first_arg(args, &has_value);

        if (n && !has_value) {
            *why = xasprintf("argument '%.*s' has no value", (int) n, args);
            return -EINVAL;
        }
        for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
            if (!strncmp(args, refused[i], strlen(refused[i]))) {
                *why = xasprintf("argument '%.*s' is refused",
                                 (int) strlen(refused[i]) - 1, args);
                return -EINVAL;
            }
        }
        args += n + (args[n] == ',');
    }
    return 0;
}

/* (rte_devargs_reset() is not part of the stable ABI.) */
void
ethdev_forget_devargs(struct rte_devargs *da)
{
    free(da->data);
    da->data = NULL;
}

int
ethdev_parse_devargs(const char *devargs, struct rte_devargs *da, char **why)
{
    int error;

    memset(da, 0, sizeof *da);
    if (has_layers(devargs) || rte_devargs_parse(da, devargs) || !da->bus
        || !da->name[0] || !da->args) {
        *why = xstrdup("expected a PCI address, the name of a virtual device "
                       "such as net_null0 (either may be followed by a comma "
                       "and arguments without /bus, /class and /driver), or "
                       CLASS_ETH_MAC "ADDRESS");
        error = -EINVAL;
    } else {
        error = check_args(da->args, why);
    }
    if (error) {
        ethdev_forget_devargs(da);
    }
    return error;
}

int
ethdev_parse_mac(const char *devargs, struct rte_ether_addr *mac, char **why)
{
    const char *s = devargs + strlen(CLASS_ETH_MAC);

    if (strncmp(devargs, CLASS_ETH_MAC, strlen(CLASS_ETH_MAC))) {
        return -ENOENT;
    }
    if (rte_ether_unformat_addr(s, mac)) {
        *why = xasprintf("'%s' is no MAC address", s);
        return -EINVAL;
    }
    return 0;
}
