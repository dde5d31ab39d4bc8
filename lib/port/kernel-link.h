/* SPDX-License-Identifier: Apache-2.0
 *
 * kernel-link.h: what does the kernel know about a network device?
 *
 * Asks and tells by rtnetlink, and listens to what the kernel announces.
 * Only devices in the daemon's own network namespace can be seen.  Main
 * thread only.
 */
#ifndef PORT_KERNEL_LINK_H
#define PORT_KERNEL_LINK_H 1

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

struct kernel_link {
    int ifindex;
    char name[IFNAMSIZ];
    bool up;                    /* set up by its administrator */
    bool running;               /* and able to carry frames */
    bool loopback;
    bool ethernet;              /* its frames begin with Ethernet addresses */
    uint32_t mtu;
    uint8_t mac[6];
    /* Frames from the host's stack that the device had to drop; only from
     * kernel_link_get() and kernel_link_ask(). */
    uint64_t tx_dropped;
};

/* 0, -ENODEV where no such device is visible, or another negative errno. */
int kernel_link_get(int ifindex, struct kernel_link *);
int kernel_link_find(const char *name, struct kernel_link *);
/* Like kernel_link_get(), in any thread: the kernel may keep its caller
 * waiting while somebody else changes links. */
int kernel_link_ask(int ifindex, struct kernel_link *);

/* Sets what is not NULL; returns what the kernel answers. */
int kernel_link_set(int ifindex, const uint32_t *mtu, const uint8_t *mac);

struct kernel_link_events {
    /* The device is there, perhaps changed. */
    void (*present)(const struct kernel_link *);
    /* It is not visible any more: deleted, or moved to another namespace. */
    void (*absent)(int ifindex);
    /* Announcements were lost: anything may have changed. */
    void (*lost)(void);
};

/* Calls back for what the kernel announced since the last time. */
void kernel_link_run(const struct kernel_link_events *);
void kernel_link_wait(void);

#endif
