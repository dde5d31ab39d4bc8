/* SPDX-License-Identifier: Apache-2.0
 *
 * kernel-link.c: rtnetlink, as little of it as kernel-backed ports need.
 *
 * Two sockets, opened when first used: `ask` for questions, which the kernel
 * answers before sendmsg() returns, and `news`, subscribed to the group of
 * link changes.
 */
#include <config.h>
#include "port/kernel-link.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(kernel_link);

enum {
    ANSWER_MAX = 16384,         /* bytes of one message on a link */
    NEWS_PER_RUN = 256,         /* messages handled in one round */
};

static int ask_fd = -1;
static int news_fd = -1;

struct request {
    struct nlmsghdr nh;
    struct ifinfomsg ifi;
    char attrs[64];
};

static int
open_socket(uint32_t groups)
{
    struct sockaddr_nl addr = {
        .nl_family = AF_NETLINK,
        .nl_groups = groups,
    };
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

    if (fd >= 0 && bind(fd, (struct sockaddr *) &addr, sizeof addr)) {
        int error = errno;

        close(fd);
        errno = error;
        fd = -1;
    }
    if (fd < 0) {
        static struct vlog_rate_limit rl = VLOG_RATE_LIMIT_INIT(1, 1);
        int error = errno;

        VLOG_WARN_RL(&rl, "cannot open an rtnetlink socket: %s",
                     ovs_strerror(error));
        return -error;
    }
    return fd;
}

static void
put_attr(struct request *req, uint16_t type, const void *data, uint16_t size)
{
    struct rtattr *a = ALIGNED_CAST(struct rtattr *,
                                    (char *) req
                                    + NLMSG_ALIGN(req->nh.nlmsg_len));

    a->rta_type = type;
    a->rta_len = (uint16_t) RTA_LENGTH(size);
    memcpy(RTA_DATA(a), data, size);
    req->nh.nlmsg_len = NLMSG_ALIGN(req->nh.nlmsg_len) + RTA_ALIGN(a->rta_len);
}

/* Reads the attributes of a message on a link. */
static bool
parse_link(const struct nlmsghdr *nh, struct kernel_link *link)
{
    const struct ifinfomsg *ifi = NLMSG_DATA(nh);
    const struct rtattr *a;
    int left;

    memset(link, 0, sizeof *link);
    if (nh->nlmsg_len < NLMSG_LENGTH(sizeof *ifi)) {
        return false;
    }
    link->ifindex = ifi->ifi_index;
    link->up = ifi->ifi_flags & IFF_UP;
    link->running = link->up && ifi->ifi_flags & IFF_RUNNING;
    link->loopback = ifi->ifi_flags & IFF_LOOPBACK;
    link->ethernet = ifi->ifi_type == ARPHRD_ETHER;
    left = (int) IFLA_PAYLOAD(nh);
    for (a = IFLA_RTA(ifi); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
        size_t size = RTA_PAYLOAD(a);
        const void *data = RTA_DATA(a);

        if (a->rta_type == IFLA_IFNAME && size) {
            ovs_strlcpy(link->name, data, MIN(sizeof link->name, size));
        } else if (a->rta_type == IFLA_MTU && size >= sizeof link->mtu) {
            memcpy(&link->mtu, data, sizeof link->mtu);
        } else if (a->rta_type == IFLA_ADDRESS && size == sizeof link->mac) {
            memcpy(link->mac, data, sizeof link->mac);
        } else if (a->rta_type == IFLA_STATS64) {
            struct rtnl_link_stats64 s;

            memset(&s, 0, sizeof s);
            memcpy(&s, data, MIN(size, sizeof s));
            link->tx_dropped = s.tx_dropped;
        }
    }
    return true;
}

static int
answer_error(const struct nlmsghdr *nh)
{
    const struct nlmsgerr *e = NLMSG_DATA(nh);

    return nh->nlmsg_len < NLMSG_LENGTH(sizeof *e) ? -EPROTO : e->error;
}

/* Sends `req` through `fd` and takes the answer: 0 with `*link` filled where
 * that is what was asked for, or what the kernel refused it with. */
static int
transact_through(int fd, uint32_t seq, struct request *req,
                 struct kernel_link *link)
{
    _Alignas(struct nlmsghdr) char buf[ANSWER_MAX];
    ssize_t n;

    req->nh.nlmsg_seq = seq;
    if (send(fd, req, req->nh.nlmsg_len, 0) < 0) {
        return -errno;
    }
    while ((n = recv(fd, buf, sizeof buf, 0)) >= 0 || errno == EINTR) {
        const struct nlmsghdr *nh = (const struct nlmsghdr *) buf;

        if (n < 0) {
            continue;
        }
        if (!NLMSG_OK(nh, n)) {
            return -EPROTO;
        } else if (nh->nlmsg_seq != seq) {
            continue;               /* left from a question broken off */
        } else if (nh->nlmsg_type == NLMSG_ERROR) {
            return answer_error(nh);
        } else if (nh->nlmsg_type == RTM_NEWLINK) {
            return link && parse_link(nh, link) ? 0 : -EPROTO;
        }
    }
    return -errno;
}

static int
transact(struct request *req, struct kernel_link *link)
{
    static uint32_t seq;

    if (ask_fd < 0) {
        ask_fd = open_socket(0);
        if (ask_fd < 0) {
            return ask_fd;
        }
    }
    return transact_through(ask_fd, ++seq, req, link);
}

static void
init_request(struct request *req, uint16_t type, uint16_t flags, int ifindex)
{
    memset(req, 0, sizeof *req);
    req->nh.nlmsg_len = NLMSG_LENGTH(sizeof req->ifi);
    req->nh.nlmsg_type = type;
    req->nh.nlmsg_flags = NLM_F_REQUEST | flags;
    req->ifi.ifi_family = AF_UNSPEC;
    req->ifi.ifi_index = ifindex;
}

int
kernel_link_get(int ifindex, struct kernel_link *link)
{
    struct request req;

    init_request(&req, RTM_GETLINK, 0, ifindex);
    return transact(&req, link);
}

int
kernel_link_find(const char *name, struct kernel_link *link)
{
    unsigned int ifindex = if_nametoindex(name);

    return ifindex ? kernel_link_get((int) ifindex, link) : -ENODEV;
}

int
kernel_link_ask(int ifindex, struct kernel_link *link)
{
    int fd = open_socket(0);
    struct request req;
    int error;

    if (fd < 0) {
        return fd;
    }
    init_request(&req, RTM_GETLINK, 0, ifindex);
    error = transact_through(fd, 1, &req, link);
    close(fd);
    return error;
}

int
kernel_link_set(int ifindex, const uint32_t *mtu, const uint8_t *mac)
{
    struct request req;

    init_request(&req, RTM_NEWLINK, NLM_F_ACK, ifindex);
    if (mtu) {
        put_attr(&req, IFLA_MTU, mtu, sizeof *mtu);
    }
    if (mac) {
        put_attr(&req, IFLA_ADDRESS, mac, 6);
    }
    return transact(&req, NULL);
}

static void
handle_news(const struct nlmsghdr *nh, const struct kernel_link_events *cb)
{
    struct kernel_link link;

    /* Bridges announce their ports under a family of their own, which says
     * nothing about the device itself. */
    if ((nh->nlmsg_type != RTM_NEWLINK && nh->nlmsg_type != RTM_DELLINK)
        || !parse_link(nh, &link)
        || ((const struct ifinfomsg *) NLMSG_DATA(nh))->ifi_family
           != AF_UNSPEC) {
        return;
    }
    if (nh->nlmsg_type == RTM_NEWLINK) {
        cb->present(&link);
    } else {
        cb->absent(link.ifindex);
    }
}

void
kernel_link_run(const struct kernel_link_events *cb)
{
    _Alignas(struct nlmsghdr) char buf[ANSWER_MAX];

    if (news_fd < 0) {
        news_fd = open_socket(RTMGRP_LINK);
        if (news_fd >= 0) {
            cb->lost();
        }
        return;
    }
    for (int i = 0; i < NEWS_PER_RUN; i++) {
        ssize_t n = recv(news_fd, buf, sizeof buf, MSG_DONTWAIT);
        const struct nlmsghdr *nh = (const struct nlmsghdr *) buf;

        if (n < 0 && errno == ENOBUFS) {
            cb->lost();
            continue;
        } else if (n < 0) {
            return;
        }
        for (; NLMSG_OK(nh, n); nh = NLMSG_NEXT(nh, n)) {
            handle_news(nh, cb);
        }
    }
}

void
kernel_link_wait(void)
{
    if (news_fd >= 0) {
        poll_fd_wait(news_fd, POLLIN);
    }
}
