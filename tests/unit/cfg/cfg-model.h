/* SPDX-License-Identifier: Apache-2.0
 *
 * cfg-model.h: a switch that does what a plan says, and checks on the way
 * that each step is possible.  Included after <cmocka.h>.
 */
#ifndef CFG_MODEL_H
#define CFG_MODEL_H 1

#include "cfg/cfg-diff.h"
#include "util.h"

enum { MODEL_MAX = 32 };

struct model {
    struct cfg_have_bridge bridges[MODEL_MAX];
    struct cfg_have_iface ifaces[MODEL_MAX];
    struct cfg_settings sets[MODEL_MAX];
    struct cfg_vlan vlans[MODEL_MAX];
    struct cfg_have have;
};

static inline void
model_init(struct model *m)
{
    memset(m, 0, sizeof *m);
    m->have.bridges = m->bridges;
    m->have.ifaces = m->ifaces;
}

static inline void
iface_clear(struct model *m, size_t i)
{
    free((char *) m->ifaces[i].name);
    free((char *) m->ifaces[i].bridge);
    cfg_settings_destroy(&m->sets[i]);
}

static inline void
bridge_clear(struct model *m, size_t i)
{
    struct cfg_have_bridge *br = &m->bridges[i];
    struct cfg_mirror_settings *mirrors
        = CONST_CAST(struct cfg_mirror_settings *, br->mirrors);

    free((char *) br->name);
    free((char *) br->hwaddr);
    free(CONST_CAST(struct vlan_set *, br->flood_vlans));
    for (size_t j = 0; j < br->n_mirrors; j++) {
        cfg_mirror_settings_destroy(&mirrors[j]);
    }
    free(mirrors);
}

static inline void
model_destroy(struct model *m)
{
    for (size_t i = 0; i < m->have.n_ifaces; i++) {
        iface_clear(m, i);
    }
    for (size_t i = 0; i < m->have.n_bridges; i++) {
        bridge_clear(m, i);
    }
}

static inline size_t
iface_index(const struct model *m, const char *name)
{
    for (size_t i = 0; i < m->have.n_ifaces; i++) {
        if (!strcmp(m->ifaces[i].name, name)) {
            return i;
        }
    }
    return SIZE_MAX;
}

static inline size_t
bridge_index(const struct model *m, const char *name)
{
    for (size_t i = 0; i < m->have.n_bridges; i++) {
        if (!strcmp(m->bridges[i].name, name)) {
            return i;
        }
    }
    return SIZE_MAX;
}

static inline void
iface_put(struct model *m, size_t i, const struct cfg_step *step)
{
    m->ifaces[i] = (struct cfg_have_iface) {
        .name = xstrdup(step->name),
        .bridge = xstrdup(step->bridge->name),
        .kind = step->iface->kind,
        .set = &m->sets[i],
        .vlan = &m->vlans[i],
    };
    cfg_settings_clone(&m->sets[i], &step->iface->set);
    m->vlans[i] = step->port->vlan;
}

static inline void
bridge_put(struct model *m, size_t i, const struct cfg_bridge *br)
{
    struct cfg_mirror_settings *mirrors = xcalloc(MAX(br->n_mirrors, 1),
                                                  sizeof *mirrors);
    size_t n = 0;

    for (size_t j = 0; j < br->n_mirrors; j++) {
        if (br->mirrors[j].usable) {
            cfg_mirror_settings_clone(&mirrors[n++], &br->mirrors[j].set);
        }
    }
    m->bridges[i] = (struct cfg_have_bridge) {
        .name = xstrdup(br->name),
        .secure = br->secure,
        .mac_aging_time = br->mac_aging_time,
        .mac_table_size = br->mac_table_size,
        .forward_bpdu = br->forward_bpdu,
        .hwaddr = nullable_xstrdup(br->hwaddr),
        .flood_vlans = xmemdup(&br->flood_vlans, sizeof br->flood_vlans),
        .mirrors = mirrors,
        .n_mirrors = n,
    };
}

/* Does one step, and checks that it is possible. */
static inline void
model_do(struct model *m, const struct cfg_step *step)
{
    size_t i = iface_index(m, step->name);
    size_t b = bridge_index(m, step->name);
    size_t last;

    switch (step->kind) {
    case CFG_DEL_IFACE:
        assert_true(i != SIZE_MAX);
        iface_clear(m, i);
        last = --m->have.n_ifaces;
        m->ifaces[i] = m->ifaces[last];
        m->sets[i] = m->sets[last];
        m->ifaces[i].set = &m->sets[i];
        m->vlans[i] = m->vlans[last];
        m->ifaces[i].vlan = &m->vlans[i];
        break;

    case CFG_DEL_BRIDGE:
        assert_true(b != SIZE_MAX);
        for (size_t j = 0; j < m->have.n_ifaces; j++) {
            assert_string_not_equal(m->ifaces[j].bridge, step->name);
        }
        bridge_clear(m, b);
        m->bridges[b] = m->bridges[--m->have.n_bridges];
        break;

    case CFG_ADD_BRIDGE:
        assert_true(b == SIZE_MAX);
        bridge_put(m, m->have.n_bridges++, step->bridge);
        break;

    case CFG_SET_BRIDGE:
        assert_true(b != SIZE_MAX);
        bridge_clear(m, b);
        bridge_put(m, b, step->bridge);
        break;

    case CFG_SET_VLAN:
        assert_true(i != SIZE_MAX && !m->ifaces[i].failed);
        m->vlans[i] = step->port->vlan;
        break;

    case CFG_ADD_IFACE:
        assert_true(bridge_index(m, step->bridge->name) != SIZE_MAX);
        if (i == SIZE_MAX) {
            i = m->have.n_ifaces++;
        } else {
            assert_true(m->ifaces[i].failed);
            iface_clear(m, i);
        }
        iface_put(m, i, step);
        break;

    case CFG_SET_IFACE:
        assert_true(i != SIZE_MAX && !m->ifaces[i].failed);
        iface_clear(m, i);
        iface_put(m, i, step);
        break;
    }
}

#endif
