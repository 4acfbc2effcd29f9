/*
 * Packets with descriptors
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire.h"

union control
{
    struct cmsghdr align;
    char           space[CMSG_SPACE( NSPA_PROMOTE_MAX * sizeof(int) )];
};

int wire_send( int sock, const void *data, size_t size, const int *fds, int fd_count )
{
    struct iovec vec = { (void *)data, size };
    struct msghdr msg = { .msg_iov = &vec, .msg_iovlen = 1 };
    union control control;
    int ret;

    if (fd_count)
    {
        struct cmsghdr *header = &control.align;

        memset( &control, 0, sizeof(control) );
        msg.msg_control = &control;
        msg.msg_controllen = CMSG_SPACE( fd_count * sizeof(int) );
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN( fd_count * sizeof(int) );
        memcpy( CMSG_DATA( header ), fds, fd_count * sizeof(int) );
    }
    do ret = sendmsg( sock, &msg, MSG_NOSIGNAL );
    while (ret == -1 && errno == EINTR);
    return ret;
}

int wire_receive( int sock, void *data, size_t size, int *fds, int *fd_count )
{
    struct iovec vec = { data, size };
    union control control;
    struct msghdr msg = { .msg_iov = &vec, .msg_iovlen = 1,
                          .msg_control = &control, .msg_controllen = sizeof(control) };
    struct cmsghdr *header;
    int ret, max = fd_count ? *fd_count : 0;

    if (fd_count) *fd_count = 0;
    do ret = recvmsg( sock, &msg, MSG_CMSG_CLOEXEC );
    while (ret == -1 && errno == EINTR);
    if (ret <= 0) return ret;
    for (header = CMSG_FIRSTHDR( &msg ); header; header = CMSG_NXTHDR( &msg, header ))
    {
        int i, fd, count = (header->cmsg_len - CMSG_LEN( 0 )) / sizeof(int);

        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        for (i = 0; i < count; i++)
        {
            memcpy( &fd, CMSG_DATA( header ) + i * sizeof(int), sizeof(fd) );
            if (fd_count && *fd_count < max) fds[(*fd_count)++] = fd;
            else close( fd );
        }
    }
    return ret;
}
