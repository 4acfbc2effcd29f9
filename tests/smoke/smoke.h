/*
 * Checks for Windows programs under Wine
 *
 * A test is a function that calls check().  Its name and the line of a failing
 * check go to standard output; the program ends with the plain summary line.
 */

#ifndef SMOKE_H
#define SMOKE_H

#include <stdio.h>
#include <windows.h>

extern int smoke_passed, smoke_failed;

/* Count one check; on failure print where, and GetLastError(). */
extern int smoke_check( int ok, const char *file, int line, const char *what );
#define check(x) smoke_check( !!(x), __FILE__, __LINE__, #x )

/* Is the bypass on in this process and able to open a file? Is this handle local? */
extern BOOL smoke_bypass(void);
extern BOOL is_local( HANDLE handle );
/* Fails when the bypass is on and the handle is not local, or off and local. */
#define check_local(h)     check( is_local( h ) == smoke_bypass() )
#define check_not_local(h) check( !is_local( h ) )

/* Is the handle in wineserver's table?  Another process looks, since listing
 * handles promotes one's own. */
extern BOOL server_knows( HANDLE handle );
extern BOOL is_listed( DWORD pid, HANDLE handle );
extern int watch_child( DWORD pid, const char *name );
extern void stop_watcher(void);

/* A file in the temporary directory with length bytes of a known pattern. */
extern void make_file( const char *name, DWORD length );
extern char *temp_path( const char *name );      /* static storage, four calls deep */
extern BOOL is_pattern( const char *data, DWORD offset, DWORD length );

extern HANDLE open_read( const char *path, DWORD share );

/* NtCreateFile() of a full path, or of one from root; returns the status.  What it
 * opens must have been there. */
extern LONG open_relative( HANDLE root, const char *path, DWORD access, DWORD share, DWORD disposition, DWORD options,
                           HANDLE *handle );

/* The Unix name of a path; fails a check if there is none. */
extern BOOL get_unix_path( const char *path, char *unix_path, size_t size );

/* Is this full path what the file is called, however one asks? */
extern BOOL is_called( HANDLE file, const char *path );

/* Run this program as "smoke.exe child VERB ARGS..." and return its exit code;
 * inherit says whether it gets inheritable handles. */
extern DWORD run_child( BOOL inherit, const char *format, ... );
/* The same with one PROC_THREAD_ATTRIBUTE_*, and with inheritable handles. */
extern DWORD run_child_with( DWORD_PTR attribute, HANDLE value, const char *format, ... );
extern HANDLE start_child( BOOL inherit, const char *format, ... );
extern DWORD finish_child( HANDLE process );

/* Run a shell command of Unix, which must have no double quotes.  done (MAX_PATH bytes) is for finish_unix(). */
extern BOOL start_unix( char *done, const char *format, ... );
extern BOOL finish_unix( const char *done );
#define run_unix(...) ({ char done_[MAX_PATH]; start_unix( done_, __VA_ARGS__ ) && finish_unix( done_ ); })

/* What a child does, by verb; returns its exit code. */
extern int child_main( int argc, char **argv );

/* The tests. */
extern void test_read(void);
extern void test_sharing(void);
extern void test_promotion(void);
extern void test_handles(void);
extern void test_inheritance(void);
extern void test_foreign(void);
extern void test_section(void);
extern void test_api(void);
extern void test_attributes(void);
extern void test_again(void);
extern void test_volume(void);

/* Many processes at once. */
extern int crowd( unsigned int count );
extern int crowd_member( const char *path, const char *name );

/* For a server with few descriptors. */
extern int descriptors_child(void);

/* The child of test_foreign(). */
extern int give_child( const char *path, const char *token, const char *ready_name, const char *done_name );

/* A child, a grandchild and so on of test_inheritance(). */
extern int generation_child( unsigned int left, unsigned int passed, const char *path, HANDLE kept, HANDLE renewed );

/* Links that Unix switches while files below them are open. */
extern void test_switched_links(void);
extern int link_child( const char *dir, unsigned int milliseconds );

/* Z:\\proc is wineserver's. */
extern void test_proc(void);

/* The poller of test_volume(). */
extern int volume_child( const char *path, const char *map_name );
extern void test_queries(void);
extern void test_names(void);
extern void test_name_case(void);
extern void test_directories(void);
extern void test_links(void);

/* The child of test_directories(). */
extern int directory_child( DWORD pid, ULONG64 value );

/* Calls that follow an open, each on count handles; returns an exit code. */
extern int follow_up( unsigned int count );

/* Children of test_section(). */
extern int section_child( const char *path );
extern int section_name_child( DWORD parent, ULONG64 address, const char *leaf );
extern int section_use_child( ULONG64 value );

#endif
