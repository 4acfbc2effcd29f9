/*
 * Libraries that are not libnspa.so
 *
 * Built with ABI set it is of another version, without it lacks functions.
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifdef ABI
#define X(name) int name(void); int name(void) { __builtin_trap(); }
X( nspa_init ) X( nspa_reason_string ) X( nspa_hold_signal ) X( nspa_local_file_try_bypass ) X( nspa_local_file_listed )
X( nspa_promote_if_local ) X( nspa_local_file_promote_inheritable ) X( nspa_local_file_promote_handles ) X( nspa_local_file_promote )
X( nspa_local_file_lend ) X( nspa_local_file_query ) X( nspa_local_file_nt_name ) X( nspa_local_file_had_size )
X( nspa_local_file_close ) X( nspa_local_file_closed ) X( nspa_local_file_unix_name )
X( nspa_volume_epoch ) X( nspa_get_stats ) X( nspa_local_file_is_local_handle ) X( nspa_local_section_create )
X( nspa_local_section_query ) X( nspa_local_view_add ) X( nspa_local_view_remove ) X( nspa_local_view_name )
#else
#define ABI 1
#endif

unsigned int nspa_version(void);
unsigned int nspa_version(void) { return ABI; }
