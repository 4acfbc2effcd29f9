/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * join PID ENTER ROOT PROGRAM [ARG...]: run PROGRAM with the mounts that process PID
 * has, or, if it cannot get there, ENTER ROOT PROGRAM.
 *
 * Programs of a prefix and its wineserver are to see the same files: a mount made in
 * one namespace of enter's is not seen in another.  Without root enter has made two
 * user namespaces: the mounts belong to the outer one, the process is in the inner
 * one. */

#include <fcntl.h>
#include <limits.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_ns( const char *pid, const char *name )
{
    char path[64];

    snprintf( path, sizeof(path), "/proc/%.20s/ns/%s", pid, name );
    return open( path, O_RDONLY | O_CLOEXEC );
}

static int is_ours( int fd, const char *name )
{
    struct stat theirs, ours;
    int own = open_ns( "self", name ), same;

    same = !fstat( fd, &theirs ) && !fstat( own, &ours ) &&
           theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino;
    close( own );
    return same;
}

static int join( const char *pid )
{
    int mounts = open_ns( pid, "mnt" ), user = open_ns( pid, "user" ), outer = -1;
    char dir[PATH_MAX];

    if (mounts == -1 || user == -1 || !getcwd( dir, sizeof(dir) )) return 0;
    if (is_ours( mounts, "mnt" )) return 1;
    if (!is_ours( user, "user" ))
    {
        outer = ioctl( user, NS_GET_PARENT );
        if (outer == -1) return 0;
        if (!is_ours( outer, "user" ) && setns( outer, CLONE_NEWUSER )) return 0;
    }
    if (setns( mounts, CLONE_NEWNS )) return 0;
    if (outer != -1 && setns( user, CLONE_NEWUSER )) return 0;
    return !chdir( dir );
}

int main( int argc, char **argv )
{
    if (argc < 5)
    {
        fprintf( stderr, "usage: join PID ENTER ROOT PROGRAM [ARGUMENT...]\n" );
        return 2;
    }
    if (join( argv[1] )) argv += 4;
    else argv += 2;
    execv( argv[0], argv );
    perror( argv[0] );
    return 127;
}
