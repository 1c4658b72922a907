// The plain C program that the Slurm library is held against: the same calls of libslurm, nothing around them.
//
// It reads one order a line and answers one line, so that its start is in no measurement:
//   submit CALLERS COUNT    held jobs, one RPC each                 array COUNT    one held array of COUNT tasks
//   query COUNT             the user's jobs, COUNT times            cancel         what the last submit or array made, one by one
// Answer: `ok OPERATIONS WALL_NANOSECONDS CPU_NANOSECONDS ALLOCATIONS`, then the nanoseconds of each call; or `failed REASON`. libslurm runs on threads of this program, as it
// does in the agent, so that the allocator treats both alike.
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <slurm/slurm.h>
#include <slurm/slurm_errno.h>

#include "CBench.h"

enum { MOST_CALLERS = 16, MOST_JOBS = 1000000 };

static char *script = "#!/bin/sh\nexit 0\n";
static char *environment_text[] = {"PATH=/usr/bin:/bin", NULL};

struct share {
    int count;
    int tasks;
    uint32_t *ids;
    int64_t *latencies;
    const char *failure;
};

static uint32_t *ids;
static int64_t *latencies;
static int id_count;

static int64_t nanoseconds(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static uint32_t response_job(const submit_response_msg_t *response) {
#if SLURM_VERSION_NUMBER >= SLURM_VERSION_NUM(25, 11, 0)
    return response->step_id.job_id;
#else
    return response->job_id;
#endif
}

static void *submit(void *argument) {
    struct share *share = argument;
    char range[32];
    for (int index = 0; index < share->count; index++) {
        int64_t begin = nanoseconds(CLOCK_MONOTONIC);
        job_desc_msg_t job;
        submit_response_msg_t *response = NULL;
        slurm_init_job_desc_msg(&job);
        job.name = "hpk-bench";
        job.script = script;
        job.environment = environment_text;
        job.env_size = 1;
        job.work_dir = "/";
        job.std_out = job.std_err = job.std_in = "/dev/null";
        job.user_id = getuid();
        job.group_id = getgid();
        job.priority = 0;
        job.min_nodes = 1;
        job.requeue = 0;
        if (share->tasks > 0) {
            snprintf(range, sizeof range, "0-%d", share->tasks - 1);
            job.array_inx = range;
        }
        if (slurm_submit_batch_job(&job, &response) != SLURM_SUCCESS || response == NULL) {
            share->failure = slurm_strerror(errno);
            return NULL;
        }
        share->ids[index] = response_job(response);
        slurm_free_submit_response_response_msg(response);
        share->latencies[index] = nanoseconds(CLOCK_MONOTONIC) - begin;
    }
    return NULL;
}

static void *query(void *argument) {
    struct share *share = argument;
    for (int index = 0; index < share->count; index++) {
        int64_t begin = nanoseconds(CLOCK_MONOTONIC);
        job_info_msg_t *jobs = NULL;
        if (slurm_load_job_user(&jobs, getuid(), SHOW_ALL) != SLURM_SUCCESS) {
            share->failure = slurm_strerror(errno);
            return NULL;
        }
        slurm_free_job_info_msg(jobs);
        share->latencies[index] = nanoseconds(CLOCK_MONOTONIC) - begin;
    }
    return NULL;
}

static void *cancel(void *argument) {
    struct share *share = argument;
    for (int index = 0; index < share->count; index++) {
        int64_t begin = nanoseconds(CLOCK_MONOTONIC);
        char name[16];
        snprintf(name, sizeof name, "%u", share->ids[index]);
        if (slurm_kill_job2(name, SIGKILL, 0, NULL) != SLURM_SUCCESS) {
            share->failure = slurm_strerror(errno);
            return NULL;
        }
        share->latencies[index] = nanoseconds(CLOCK_MONOTONIC) - begin;
    }
    return NULL;
}

/// Shares the work out to threads and prints the answer.
static void measure(void *(*work)(void *), int callers, int count, int tasks) {
    struct share shares[MOST_CALLERS];
    pthread_t threads[MOST_CALLERS];
    const char *failure = NULL;
    int begin = 0;
    uint64_t allocations = hpk_allocation_count();
    int64_t wall = nanoseconds(CLOCK_MONOTONIC), cpu = nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
    for (int caller = 0; caller < callers; caller++) {
        int part = count / callers + (caller < count % callers);
        shares[caller] = (struct share){.count = part, .tasks = tasks, .ids = ids + begin, .latencies = latencies + begin};
        begin += part;
        if (pthread_create(&threads[caller], NULL, work, &shares[caller]) != 0)
            abort();
    }
    for (int caller = 0; caller < callers; caller++) {
        pthread_join(threads[caller], NULL);
        if (shares[caller].failure != NULL)
            failure = shares[caller].failure;
    }
    cpu = nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    wall = nanoseconds(CLOCK_MONOTONIC) - wall;
    if (failure != NULL) {
        printf("failed %s\n", failure);
    } else {
        printf("ok %d %lld %lld %llu", count, (long long)wall, (long long)cpu, (unsigned long long)(hpk_allocation_count() - allocations));
        for (int index = 0; index < count; index++)
            printf(" %lld", (long long)latencies[index]);
        printf("\n");
    }
    fflush(stdout);
}

static int in_range(int value, int most) { return value >= 1 && value <= most; }

int main(void) {
    char line[128];
    int callers, count;
    ids = calloc(MOST_JOBS, sizeof *ids);
    latencies = calloc(MOST_JOBS, sizeof *latencies);
    if (ids == NULL || latencies == NULL)
        return 1;
    slurm_init(NULL);
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (sscanf(line, "submit %d %d", &callers, &count) == 2 && in_range(callers, MOST_CALLERS) && in_range(count, MOST_JOBS)) {
            id_count = count;
            measure(submit, callers, count, 0);
        } else if (sscanf(line, "array %d", &count) == 1 && in_range(count, MOST_JOBS)) {
            id_count = 1;
            measure(submit, 1, 1, count);
        } else if (sscanf(line, "query %d", &count) == 1 && in_range(count, MOST_JOBS)) {
            measure(query, 1, count, 0);
        } else if (strcmp(line, "cancel\n") == 0 && id_count > 0) {
            measure(cancel, 1, id_count, 0);
            id_count = 0;
        } else {
            printf("failed unknown order\n");
            fflush(stdout);
        }
    }
    slurm_fini();
    free(ids);
    free(latencies);
    return 0;
}
