// Flags and fields of a submission that not every release of Slurm has.
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <slurm/slurm.h>

static inline uint64_t hpk_slurm_flag_spread(void) { return (uint64_t)SPREAD_JOB; }
static inline uint64_t hpk_slurm_flag_min_nodes(void) { return (uint64_t)USE_MIN_NODES; }
static inline uint64_t hpk_slurm_flag_gres_enforce(void) { return (uint64_t)GRES_ENFORCE_BIND; }
static inline uint64_t hpk_slurm_flag_gres_disable(void) { return (uint64_t)GRES_DISABLE_BIND; }
static inline uint64_t hpk_slurm_flag_kill_invalid_dependency(void) { return (uint64_t)KILL_INV_DEP; }
static inline uint64_t hpk_slurm_flag_keep_invalid_dependency(void) { return (uint64_t)NO_KILL_INV_DEP; }

/// How a binding of GPUs is written in tres_bind.
static inline const char *hpk_slurm_gpu_bind_prefix(void) {
#if SLURM_VERSION_NUMBER >= SLURM_VERSION_NUM(23, 11, 0)
    return "gres/gpu:";
#else
    return "gpu:";
#endif
}

/// From 23.11 on sbatch binds the GPUs that each task asks for to it.
static inline int hpk_slurm_binds_gpus_per_task(void) { return SLURM_VERSION_NUMBER >= SLURM_VERSION_NUM(23, 11, 0); }

/// What a release does not have is 0: the options' table refuses it before it comes to this.
static inline uint64_t hpk_slurm_flag_gres_one_task(void) {
#ifdef GRES_ONE_TASK_PER_SHARING
    return (uint64_t)GRES_ONE_TASK_PER_SHARING;
#else
    return 0;
#endif
}
static inline uint64_t hpk_slurm_flag_gres_multiple_tasks(void) {
#ifdef GRES_MULT_TASKS_PER_SHARING
    return (uint64_t)GRES_MULT_TASKS_PER_SHARING;
#else
    return 0;
#endif
}
static inline uint16_t hpk_slurm_shared_topology(void) {
#ifdef JOB_SHARED_TOPO
    return (uint16_t)JOB_SHARED_TOPO;
#else
    return (uint16_t)JOB_SHARED_NONE;
#endif
}

/// Nodes that must lie together in a block of the network; `layout` is 1 to spread the segments, 2 to put them together.
static inline void hpk_slurm_set_segment(job_desc_msg_t *description, uint16_t size, int layout) {
#if SLURM_VERSION_NUMBER >= SLURM_VERSION_NUM(24, 11, 0)
    description->segment_size = size;
#else
    (void)description;
    (void)size;
#endif
#ifdef SPREAD_SEGMENTS
    if (layout == 1)
        description->bitflags |= SPREAD_SEGMENTS;
    if (layout == 2)
        description->bitflags |= CONSOLIDATE_SEGMENTS;
#else
    (void)layout;
#endif
}

static inline void hpk_slurm_set_oom_kill_step(job_desc_msg_t *description, uint16_t ends) {
#if SLURM_VERSION_NUMBER >= SLURM_VERSION_NUM(24, 5, 0)
    description->oom_kill_step = ends;
#else
    (void)description;
    (void)ends;
#endif
}

/// --power=level went with 24.05.
static inline void hpk_slurm_set_power_level(job_desc_msg_t *description) {
#ifdef SLURM_POWER_FLAGS_LEVEL
    description->power_flags = SLURM_POWER_FLAGS_LEVEL;
#else
    (void)description;
#endif
}
