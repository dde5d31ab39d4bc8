/* SPDX-License-Identifier: Apache-2.0
 *
 * cfg-option.c: is the value of one key right, and what does it mean?
 */
#include <config.h>
#include "cfg/cfg-option.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "openvswitch/dynamic-string.h"
#include "cfg/cfg-parse.h"
#include "cfg/cfg-private.h"
#include "smap.h"
#include "util.h"

bool
cfg_parse_int(const char *s, int64_t min, int64_t max, int64_t *value)
{
    const char *digits = s + (*s == '-');
    char *end;
    long long int x;

    if (!isdigit((unsigned char) *digits)) {
        return false;
    }
    errno = 0;
    x = strtoll(s, &end, 10);
    if (errno || *end || x < min || x > max) {
        return false;
    }
    *value = x;
    return true;
}

char *
cfg_parse_mac(const char *s)
{
    bool zero = true;
    char *mac;

    for (int i = 0; i < 17; i++) {
        if (i % 3 == 2 ? s[i] != ':' : !isxdigit((unsigned char) s[i])) {
            return NULL;
        }
        zero = zero && (s[i] == '0' || s[i] == ':');
    }
    /* The lowest bit of the first byte marks a group address. */
    if (s[17] || zero || hexit_value(s[1]) & 1) {
        return NULL;
    }
    mac = xstrdup(s);
    for (char *p = mac; *p; p++) {
        *p = tolower((unsigned char) *p);
    }
    return mac;
}

static char *
parse_mask(const char *s)
{
    if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
        s += 2;
    }
    if (s[strspn(s, "0123456789abcdefABCDEF")]) {
        return NULL;
    }
    s += strspn(s, "0");
    return *s ? xstrdup(s) : NULL;
}

/* The group of the pool that kernel-backed ports share. */
static const char kernel_group[] = "kernel";

/* A name that can stand in a pool's name, in a list and between quotes. */
static char *
parse_group(const char *s)
{
    size_t len = strlen(s);

    if (!len || len > CFG_GROUP_MAX || !strcmp(s, kernel_group)) {
        return NULL;
    }
    for (size_t i = 0; i < len; i++) {
        /* (isgraph() would ask the locale.) */
        if (s[i] <= ' ' || s[i] > '~' || s[i] == '"' || s[i] == ',') {
            return NULL;
        }
    }
    return xstrdup(s);
}

/* What goes into a row's member. */
union value {
    bool flag;
    uint32_t number;
    uint64_t long_number;
    int index;
    char *text;
};

static size_t
value_size(enum cfg_option_kind kind)
{
    switch (kind) {
    case CFG_OPT_BOOL:
        return sizeof(bool);
    case CFG_OPT_INT:
    case CFG_OPT_POW2:
        return sizeof(uint32_t);
    case CFG_OPT_LONG:
        return sizeof(uint64_t);
    case CFG_OPT_WORD:
        return sizeof(int);
    case CFG_OPT_STRING:
    case CFG_OPT_MAC:
    case CFG_OPT_MASK:
    case CFG_OPT_GROUP:
    case CFG_OPT_SLEEP:
    case CFG_OPT_AFFINITY:
        return sizeof(char *);
    }
    OVS_NOT_REACHED();
}

static void
set_default(const struct cfg_option *o, union value *v)
{
    memset(v, 0, sizeof *v);
    if (o->kind == CFG_OPT_BOOL) {
        v->flag = o->def;
    } else if (o->kind == CFG_OPT_WORD) {
        v->index = o->def;
    } else if (o->kind == CFG_OPT_INT || o->kind == CFG_OPT_POW2) {
        v->number = o->def;
    } else if (o->kind == CFG_OPT_LONG) {
        v->long_number = o->def;
    }
}

/* Returns false, leaving `*v` alone, where `s` is wrong. */
static bool
parse_value(const struct cfg_option *o, const char *s, union value *v)
{
    int64_t x;

    switch (o->kind) {
    case CFG_OPT_STRING:
        v->text = xstrdup(s);
        return true;

    case CFG_OPT_BOOL:
        if (strcasecmp(s, "true") && strcasecmp(s, "false")) {
            return false;
        }
        v->flag = !strcasecmp(s, "true");
        return true;

    case CFG_OPT_INT:
    case CFG_OPT_POW2:
        if (!cfg_parse_int(s, o->min, o->max, &x)
            || (o->kind == CFG_OPT_POW2 && x & (x - 1))) {
            return false;
        }
        v->number = x;
        return true;

    case CFG_OPT_LONG:
        if (!cfg_parse_int(s, o->min, o->max, &x)) {
            return false;
        }
        v->long_number = x;
        return true;

    case CFG_OPT_WORD:
        for (int i = 0; o->words[i]; i++) {
            if (!strcasecmp(s, o->words[i])) {
                v->index = i;
                return true;
            }
        }
        return false;

    case CFG_OPT_MAC:
        v->text = cfg_parse_mac(s);
        return v->text != NULL;

    case CFG_OPT_MASK:
        v->text = parse_mask(s);
        return v->text != NULL;

    case CFG_OPT_GROUP:
        v->text = parse_group(s);
        return v->text != NULL;

    case CFG_OPT_SLEEP:
        v->text = cfg_parse_sleep(s);
        return v->text != NULL;

    case CFG_OPT_AFFINITY:
        v->text = cfg_parse_affinity(s);
        return v->text != NULL;
    }
    OVS_NOT_REACHED();
}

static char *
describe_error(const struct cfg_option *o, const char *s)
{
    struct ds ds = DS_EMPTY_INITIALIZER;
    bool number = o->kind == CFG_OPT_INT || o->kind == CFG_OPT_LONG
                  || o->kind == CFG_OPT_POW2;

    ds_put_format(&ds, number && *s ? "%s %s " : "%s \"%s\" ", o->key, s);
    switch (o->kind) {
    case CFG_OPT_STRING:
        OVS_NOT_REACHED();

    case CFG_OPT_BOOL:
        ds_put_format(&ds, "is neither true nor false: using %s",
                      o->def ? "true" : "false");
        break;

    case CFG_OPT_INT:
    case CFG_OPT_LONG:
        if (o->max == UINT32_MAX) {
            ds_put_format(&ds, "is no number of at least %lld",
                          (long long int) o->min);
        } else {
            ds_put_format(&ds, "is no number from %lld to %lld",
                          (long long int) o->min, (long long int) o->max);
        }
        ds_put_format(&ds, ": using %lld", (long long int) o->def);
        break;

    case CFG_OPT_POW2:
        ds_put_format(&ds, "is no power of two up to %lld: using %lld",
                      (long long int) o->max, (long long int) o->def);
        break;

    case CFG_OPT_WORD:
        ds_put_cstr(&ds, "is none of ");
        for (int i = 0; o->words[i]; i++) {
            ds_put_format(&ds, "%s%s", i ? ", " : "", o->words[i]);
        }
        ds_put_format(&ds, ": using %s", o->words[o->def]);
        break;

    case CFG_OPT_MAC:
        ds_put_cstr(&ds, "is no unicast address of the form "
                         "xx:xx:xx:xx:xx:xx: ignoring it");
        break;

    case CFG_OPT_MASK:
        ds_put_cstr(&ds, "is no hexadecimal number other than 0: "
                         "using the default");
        break;

    case CFG_OPT_GROUP:
        if (!strcmp(s, kernel_group)) {
            ds_put_cstr(&ds, "is reserved for kernel-backed ports");
        } else {
            ds_put_format(&ds, "is no name of 1 to %d printable ASCII "
                               "characters without blanks, quotation marks "
                               "and commas", CFG_GROUP_MAX);
        }
        ds_put_cstr(&ds, ": ignoring it");
        break;

    case CFG_OPT_SLEEP:
        ds_put_format(&ds, "is neither a number from 0 to %d nor a list "
                           "NUMBER,CORE:NUMBER,... of such, with each core "
                           "once: using 0", CFG_SLEEP_MAX);
        break;

    case CFG_OPT_AFFINITY:
        ds_put_format(&ds, "is no list QUEUE:CORE,... of queues from 0 to %d, "
                           "each once, and cores from 0 to %d: ignoring it",
                      CFG_RXQ_MAX - 1, CFG_CORE_MAX);
        break;
    }
    return ds_steal_cstr(&ds);
}

void
cfg_options_parse(const struct cfg_option *rows, size_t n_rows, int type,
                  const struct smap *map, void *dst,
                  void (*report)(char *text, void *aux), void *aux)
{
    for (const struct cfg_option *o = rows; o < &rows[n_rows]; o++) {
        const char *s = smap_get(map, o->key);
        union value v;

        if (o->types && (type < 0 || !(o->types & 1u << type))) {
            continue;
        }
        set_default(o, &v);
        if (s && !parse_value(o, s, &v)) {
            report(describe_error(o, s), aux);
        }
        if (o->offset != CFG_OPT_NOWHERE) {
            memcpy((char *) dst + o->offset, &v, value_size(o->kind));
        }
    }
}
