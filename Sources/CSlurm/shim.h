// What Swift cannot import from <slurm/slurm.h> (casts hidden in macros, weak symbols) and what differs between Slurm's
// releases, as `static inline` functions under one name. Everything else is used from Swift as Slurm declares it.
//
// Each wrapper of a request answers 0 or a Slurm error code, and reads errno on the calling thread before anything else
// can run there: from Slurm 24.11 on errno itself carries the code.
#pragma once
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <slurm/slurm.h>
#include <slurm/slurm_errno.h>
#include <slurm/slurmdb.h>

#include "options.h"
#include "process.h"

// MARK: Constants behind macros that Swift does not import, or imports with the wrong width.

static inline uint64_t hpk_slurm_mem_per_cpu(void) { return (uint64_t)MEM_PER_CPU; }
static inline uint32_t hpk_slurm_nice_offset(void) { return (uint32_t)NICE_OFFSET; }
static inline uint64_t hpk_slurm_flag_ntasks_set(void) { return (uint64_t)JOB_NTASKS_SET; }
static inline uint64_t hpk_slurm_flag_cpus_set(void) { return (uint64_t)JOB_CPUS_SET; }
static inline uint16_t hpk_slurm_kill_batch(void) { return (uint16_t)KILL_JOB_BATCH; }
static inline uint16_t hpk_slurm_kill_full(void) { return (uint16_t)KILL_FULL_JOB; }
static inline uint32_t hpk_slurm_partition_is_default(void) { return (uint32_t)PART_FLAG_DEFAULT; }
static inline uint32_t hpk_slurm_partition_wants_reservation(void) { return (uint32_t)PART_FLAG_REQ_RESV; }
static inline uint16_t hpk_slurm_warn_reservation(void) { return (uint16_t)KILL_JOB_RESV; }

/// The version of the headers that this program was compiled against.
static inline uint32_t hpk_slurm_compiled_version(void) { return (uint32_t)SLURM_VERSION_NUMBER; }

/// How a generic resource is written in tres_per_*: "gres:gpu:2" until 23.02, "gres/gpu:2" after.
static inline const char *hpk_slurm_gres_prefix(void) {
#if SLURM_VERSION_NUMBER >= SLURM_VERSION_NUM(23, 11, 0)
    return "gres/";
#else
    return "gres:";
#endif
}

// MARK: Errors.

static inline int hpk_slurm_code(int rc) {
    if (rc == SLURM_SUCCESS)
        return 0;
    if (rc > 0)
        return rc;
#if SLURM_VERSION_NUMBER >= SLURM_VERSION_NUM(24, 11, 0)
    int code = errno;
#else
    int code = slurm_get_errno();
#endif
    return code != 0 ? code : SLURM_ERROR;
}

// No release declares in slurm.h what its library exports here, and its name changed. Where the name is known the linker checks it;
// between those releases either may be missing, so both are weak.
#if SLURM_VERSION_NUMBER >= SLURM_VERSION_NUM(24, 11, 0)
extern const char *slurm_job_state_reason_string(uint32_t reason);
#elif SLURM_VERSION_NUMBER < SLURM_VERSION_NUM(23, 2, 0)
extern char *slurm_job_reason_string(uint32_t reason);
#else
extern const char *slurm_job_state_reason_string(uint32_t reason) __attribute__((weak));
extern char *slurm_job_reason_string(uint32_t reason) __attribute__((weak));
#endif

/// Slurm's word for a pending or failure reason, or NULL. Owned by the library; an unknown number may come from a static buffer.
static inline const char *hpk_slurm_reason_string(uint32_t reason) {
#if SLURM_VERSION_NUMBER >= SLURM_VERSION_NUM(24, 11, 0)
    return slurm_job_state_reason_string(reason);
#elif SLURM_VERSION_NUMBER < SLURM_VERSION_NUM(23, 2, 0)
    return slurm_job_reason_string(reason);
#else
    if (slurm_job_state_reason_string != NULL)
        return slurm_job_state_reason_string(reason);
    return slurm_job_reason_string != NULL ? slurm_job_reason_string(reason) : NULL;
#endif
}

// MARK: Jobs.

/// A job description in which everything is left to Slurm. libslurm itself leaves out what sbatch sets when it is not asked for it.
static inline void hpk_slurm_init_job_description(job_desc_msg_t *description) {
    slurm_init_job_desc_msg(description);
#if SLURM_VERSION_NUMBER >= SLURM_VERSION_NUM(24, 5, 0)
    description->oom_kill_step = NO_VAL16;
#endif
}

/// What a number of CPUs for each task adds to tres_per_task beside cpus_per_task; NULL before 24.05.
static inline const char *hpk_slurm_cpus_per_task_prefix(void) {
#if SLURM_VERSION_NUMBER >= SLURM_VERSION_NUM(24, 5, 0)
    return "cpu=";
#else
    return NULL;
#endif
}

/// How many nodes a list of names names, where sbatch asks for a task's CPUs on each of them (from 24.05 on); else, and for a list that
/// cannot be read, 0.
static inline uint32_t hpk_slurm_named_nodes(const char *list) {
#if SLURM_VERSION_NUMBER >= SLURM_VERSION_NUM(24, 5, 0)
    hostlist_t *hosts = slurm_hostlist_create(list);
    int count = hosts != NULL ? slurm_hostlist_count(hosts) : 0;
    if (hosts != NULL)
        slurm_hostlist_destroy(hosts);
    return count > 0 ? (uint32_t)count : 0;
#else
    (void)list;
    return 0;
#endif
}

// SHOW_ALL: also those of partitions that are hidden from this user.

static inline int hpk_slurm_submit(job_desc_msg_t *description, submit_response_msg_t **response) {
    errno = 0;
    return hpk_slurm_code(slurm_submit_batch_job(description, response));
}

static inline uint32_t hpk_slurm_response_job_id(const submit_response_msg_t *response) {
#if SLURM_VERSION_NUMBER >= SLURM_VERSION_NUM(25, 11, 0)
    return response->step_id.job_id;
#else
    return response->job_id;
#endif
}

static inline int hpk_slurm_load_user_jobs(uint32_t uid, job_info_msg_t **message) {
    errno = 0;
    return hpk_slurm_code(slurm_load_job_user(message, uid, SHOW_ALL));
}

/// Jobs of all users; SLURM_NO_CHANGE_IN_DATA when none has changed since the second `since`.
static inline int hpk_slurm_load_all_jobs(time_t since, job_info_msg_t **message) {
    errno = 0;
    return hpk_slurm_code(slurm_load_jobs(since, message, SHOW_ALL));
}

static inline int hpk_slurm_load_job(uint32_t job, job_info_msg_t **message) {
    errno = 0;
#if SLURM_VERSION_NUMBER >= SLURM_VERSION_NUM(26, 5, 0)
    slurm_step_id_t id = SLURM_STEP_ID_INITIALIZER;
    id.job_id = job;
    return hpk_slurm_code(slurm_load_job(message, id, SHOW_ALL));
#else
    return hpk_slurm_code(slurm_load_job(message, job, SHOW_ALL));
#endif
}

static inline int hpk_slurm_kill_job(const char *job, uint16_t signal, uint16_t flags) {
    errno = 0;
    return hpk_slurm_code(slurm_kill_job2(job, signal, flags, NULL));
}

static inline uint32_t hpk_slurm_job_id(const slurm_job_info_t *job) {
#if SLURM_VERSION_NUMBER >= SLURM_VERSION_NUM(25, 11, 0)
    return job->step_id.job_id;
#else
    return job->job_id;
#endif
}

static inline void hpk_slurm_set_job_id(slurm_job_info_t *job, uint32_t id) {
#if SLURM_VERSION_NUMBER >= SLURM_VERSION_NUM(25, 11, 0)
    job->step_id.job_id = id;
#else
    job->job_id = id;
#endif
}

// MARK: Job arrays.

/// Pushes about an array come for each task, not once for the whole. Without any other bit nobody gets mail.
static inline uint16_t hpk_slurm_mail_array_tasks(void) { return (uint16_t)MAIL_ARRAY_TASKS; }

// Weak, because no release declares them in slurm.h. Newer ones return bool, of which only the lowest byte is set.
extern int slurm_bit_test(bitstr_t *bitmap, int64_t bit) __attribute__((weak));
extern int64_t slurm_bit_size(bitstr_t *bitmap) __attribute__((weak));

/// Whether the tasks that wait in a record can be read from its bitmap.
static inline bool hpk_slurm_has_array_bitmap(const slurm_job_info_t *job) {
    return slurm_bit_test != NULL && slurm_bit_size != NULL && job->array_bitmap != NULL;
}

/// The first waiting task's index from `from` on, or -1.
static inline int64_t hpk_slurm_next_array_task(const slurm_job_info_t *job, int64_t from) {
    int64_t size = slurm_bit_size(job->array_bitmap);
    for (int64_t index = from; index < size; index++)
        if ((slurm_bit_test(job->array_bitmap, index) & 0xff) != 0)
            return index;
    return -1;
}

/// Whether one request can name many jobs.
static inline bool hpk_slurm_can_kill_many(void) {
#if SLURM_VERSION_NUMBER >= SLURM_VERSION_NUM(23, 11, 0)
    return true;
#else
    return false;
#endif
}

#if SLURM_VERSION_NUMBER >= SLURM_VERSION_NUM(23, 11, 0)
extern void slurm_free_kill_jobs_response_msg(kill_jobs_resp_msg_t *message) __attribute__((weak));
#endif

/// Cancels jobs (`123`, `123_4`, `123_[1-4,9]`) in one request. `refused` gets the first code that is none of `over`, which say that
/// there was nothing left to cancel; 0 when there is none.
static inline int hpk_slurm_kill_many(char **jobs, uint32_t count, const int *over, size_t over_count, int *refused) {
    *refused = 0;
#if SLURM_VERSION_NUMBER >= SLURM_VERSION_NUM(23, 11, 0)
    // KILL_JOB_MSG_INITIALIZER names a constant that slurm.h does not have. JOB_END: in any state. No job of another user's is meant.
    kill_jobs_msg_t request = {.signal = SIGKILL, .state = JOB_END, .user_id = getuid()};
    kill_jobs_resp_msg_t *response = NULL;
    request.jobs_array = jobs;
    request.jobs_cnt = count;
    // The answer names every job, so that one which was refused is heard of.
    request.flags = KILL_JOBS_VERBOSE;
    errno = 0;
    int code = hpk_slurm_code(slurm_kill_jobs(&request, &response));
    for (uint32_t index = 0; code == 0 && response != NULL && index < response->jobs_cnt && *refused == 0; index++) {
        int answer = (int)response->job_responses[index].error_code;
        bool is_over = answer == 0;
        for (size_t known = 0; known < over_count; known++)
            is_over = is_over || answer == over[known];
        if (!is_over)
            *refused = answer;
    }
    if (response != NULL && slurm_free_kill_jobs_response_msg != NULL)
        slurm_free_kill_jobs_response_msg(response);
    return code;
#else
    (void)jobs, (void)count, (void)over, (void)over_count;
    return ESLURM_NOT_SUPPORTED;
#endif
}

// MARK: Cluster. SHOW_MIXED: a node with free and busy CPUs is MIXED, not ALLOCATED.

static inline int hpk_slurm_load_nodes(node_info_msg_t **message) {
    errno = 0;
    return hpk_slurm_code(slurm_load_node(0, message, SHOW_ALL | SHOW_MIXED));
}

static inline int hpk_slurm_load_partitions(partition_info_msg_t **message) {
    errno = 0;
    return hpk_slurm_code(slurm_load_partitions(0, message, SHOW_ALL));
}

static inline int hpk_slurm_load_conf(slurm_conf_t **message) {
    errno = 0;
    return hpk_slurm_code(slurm_load_ctl_conf(0, message));
}

static inline void hpk_slurm_free_conf(slurm_conf_t *message) {
#if SLURM_VERSION_NUMBER >= SLURM_VERSION_NUM(26, 5, 0)
    slurm_free_conf(message);
#else
    slurm_free_ctl_conf(message);
#endif
}

static inline int hpk_slurm_ping(int controller) {
    errno = 0;
    return hpk_slurm_code(slurm_ping(controller));
}

/// CPUs of a node that jobs can have: without those set aside for the system.
static inline uint32_t hpk_slurm_node_cpus(const node_info_t *node) {
    return node->cpus_efctv != 0 ? node->cpus_efctv : node->cpus;
}

// MARK: Associations.

/// What slurmctld holds of the associations of one user; without accounting it holds none.
static inline int hpk_slurm_load_associations(const char *user, assoc_mgr_info_msg_t **message) {
    assoc_mgr_info_request_msg_t request = {.flags = ASSOC_MGR_INFO_FLAG_ASSOC};
    request.user_list = slurm_list_create(NULL);
    slurm_list_append(request.user_list, (void *)(uintptr_t)user);
    errno = 0;
    int code = hpk_slurm_code(slurm_load_assoc_mgr_info(&request, message));
    slurm_list_destroy(request.user_list);
    return code;
}

/// Shows each association to `body`. The list's type has another name in each release.
static inline void hpk_slurm_each_association(
    const assoc_mgr_info_msg_t *message, void (*body)(const slurmdb_assoc_rec_t *, void *), void *context) {
    if (message->assoc_list == NULL)
        return;
    __auto_type iterator = slurm_list_iterator_create(message->assoc_list);
    const slurmdb_assoc_rec_t *association;
    while ((association = (const slurmdb_assoc_rec_t *)slurm_list_next(iterator)) != NULL)
        body(association, context);
    slurm_list_iterator_destroy(iterator);
}

// MARK: Diagnostics.

// Every release exports it for sdiag; none declares it in slurm.h.
extern void slurm_free_stats_response_msg(stats_info_response_msg_t *message);

static inline int hpk_slurm_load_statistics(stats_info_response_msg_t **message) {
    stats_info_request_msg_t request = {.command_id = STAT_COMMAND_GET};
    errno = 0;
    return hpk_slurm_code(slurm_get_statistics(message, &request));
}

static inline int hpk_slurm_reset_statistics(void) {
    stats_info_request_msg_t request = {.command_id = STAT_COMMAND_RESET};
    errno = 0;
    return hpk_slurm_code(slurm_reset_statistics(&request));
}

// MARK: Pushes.

static inline uint32_t hpk_slurm_completed_job(const srun_job_complete_msg_t *message) { return message->job_id; }
static inline uint32_t hpk_slurm_timeout_job(const srun_timeout_msg_t *message) { return message->step_id.job_id; }
static inline uint32_t hpk_slurm_failed_node_job(const srun_node_fail_msg_t *message) { return message->step_id.job_id; }

static inline uint32_t hpk_slurm_suspended_job(const suspend_msg_t *message) {
#if SLURM_VERSION_NUMBER >= SLURM_VERSION_NUM(25, 11, 0)
    return message->step_id.job_id;
#else
    return message->job_id;
#endif
}

static inline uint32_t hpk_slurm_user_message_job(const srun_user_msg_t *message) {
#if SLURM_VERSION_NUMBER >= SLURM_VERSION_NUM(25, 11, 0)
    return message->step_id.job_id;
#else
    return message->job_id;
#endif
}
