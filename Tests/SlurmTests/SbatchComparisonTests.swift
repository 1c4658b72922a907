import CSlurm
import Foundation
import Glibc
import Testing

@testable import Slurm

@Suite(
    "Options, compared with sbatch itself", .tags(.slurm), .enabled(if: LiveSlurm.isAvailable, LiveSlurm.reason), .timeLimit(.minutes(3)))
struct SbatchComparisonTests {
    /// What scontrol shows and what differs between any two jobs.
    private static let ignored: Set<String> = [
        "JobId", "JobName", "SubmitTime", "AccrueTime", "StartTime", "EndTime", "LastSchedEval", "Scheduler", "AllocNode:Sid", "Command",
        "WorkDir", "StdErr", "StdOut", "StdIn", "Priority", "Requeue",
    ]

    /// Options for layout, GPUs and rarer things, good and bad.
    private static let details =
        [
            "--sockets-per-node=1", "--cores-per-socket=2", "--threads-per-core=1", "-B 1:2:1", "-B 1", "-B *:2", "-B 1:2 -n 3",
            "--ntasks-per-socket=2", "--ntasks-per-core=1", "--hint=compute_bound", "--hint=memory_bound", "--hint=multithread",
            "--hint=nomultithread", "--hint=nomultithread --threads-per-core=1", "-m block", "-m cyclic:block,Pack", "-m plane=4",
            "-m block:cyclic:fcyclic", "-m *:*:*", "--mem-bind=local", "--mem-bind=verbose,map_mem:0,0", "--mem-bind=rank,sort",
            "--core-spec=1", "--thread-spec=2", "--spread-job", "-N 1-3 --use-min-nodes", "--switches=1", "--switches=1@10",
            "--gpus=nvidia:1,amd:1", "--gpus-per-node=nvidia:1,amd:1", "--gpus-per-socket=1 --sockets-per-node=1", "-n 2 --gpus-per-task=1",
            "-G 2 --gpus-per-task=1", "--gpus-per-task=1", "-G 2 --ntasks-per-gpu=2", "-N 2 --gpus-per-node=1 --ntasks-per-gpu=2",
            "-G 2 --cpus-per-gpu=3", "-G 1 --mem-per-gpu=100", "--mem-per-gpu=100", "-G 1 --gpu-bind=closest",
            "-G 2 --gpu-bind=verbose,single:1", "-G 1 --gpu-bind=mask_gpu:0x1", "-G 1 --gpu-freq=low", "-G 1 --gpu-freq=450,memory=low",
            "-G 1 --gres-flags=enforce-binding", "-G 1 --gres-flags=disable-binding", "--acctg-freq=task=10", "--acctg-freq=xx",
            "--bb='capacity=5G'", "--cpu-freq=2000", "--cpu-freq=high", "--cpu-freq=low-high:OnDemand", "--cpu-freq=UserSpace",
            "--cpu-freq=high-low",
            "--delay-boot=5", "--kill-on-invalid-dep=yes", "--kill-on-invalid-dep=no", "--mail-type=END,FAIL", "--mail-type=ALL",
            "--mail-type=TIME_LIMIT_80 --mail-user=a@b.c", "--mail-type=NONE", "--mail-type=xx", "--mcs-label=x", "--network=x",
            "--profile=all", "--profile=energy,task", "--profile=xx", "--reboot", "--wait-all-nodes=1", "--wait-all-nodes=2",
            "--begin=fika",
            "--mem=1G --mem-per-cpu=1G", "--exclusive=exclusive", "--exclusive=mcs", "-n 2 --gpus-per-task=1 --ntasks-per-gpu=1",
            "-L nix:2",
            "-C nix", "--prefer=nix", "--batch=nix -C nix", "--reservation=nix", "-q nix", "-d afterok:4000000000", "-p nix",

        ] + (SbatchFlag.isBuiltFor(atLeast: 24, 5) ? ["--oom-kill-step", "--oom-kill-step=0"] : ["--power=level"])
        + (SbatchFlag.isBuiltFor(atLeast: 23, 11) ? ["-n 2 --tres-per-task=cpu:2", "-n 2 --tres-per-task=gres/gpu:1", "--extra=x"] : [])
        + (SbatchFlag.isBuiltFor(atLeast: 24, 11) ? ["--exclusive=topo", "-N 2 --segment=2"] : [])

    @Test(
        "come out the same",
        arguments: [
            "", "-p main", "--partition=short", "-N 2", "-N 1-3", "-n 3", "-N 2 -n 4", "-N 2 --ntasks-per-node=3", "--ntasks-per-node=2",
            "-c 4",
            "-n 2 -c 3", "-N 2 -c 2", "--mincpus=6", "--mem=512", "--mem=2G", "--mem=2GB", "--mem=1025K", "--mem=0", "--mem-per-cpu=100M",
            "--mem=0.5G", "--tmp=5G", "--gres=gpu:2", "--gres=gpu:nvidia:1", "--gres=gpu", "--gpus=2", "-G nvidia:2", "--gpus-per-node=1",
            "--gres=gpu:nvidia:1,gpu:amd:1", "--gres=none", "--exclusive", "--exclusive=user", "-s", "--contiguous",
            "-O -n 8", "-t 90", "-t 1:30", "-t 1:00:00", "-t 1-2", "-t 1-2:30", "-t 1-2:30:30", "-t 0", "-t UNLIMITED",
            "-t 60 --time-min=10",
            "-b now+1hour", "-b 2031-02-03T04:05:06", "-b 2031-02-03", "-b 02/03/31-04:05", "--begin=23:59:59", "--begin=tomorrow",
            "--begin=noon",
            "--begin=midnight", "--begin=teatime", "--deadline=2031-02-03T04:05", "--signal=B:TERM@60", "--signal=USR1", "--signal=10@300",
            "--signal=R:INT@5",
            "--signal=RB:HUP@9", "--nice", "--nice=50", "--nice=-50", "-w c1", "-w c[1-2]", "-x c3", "-d singleton", "--comment='a b'",
            "-k",
            "--no-kill=off", "-A acct", "--wckey=key", "--time=1:2:3:4", "--nodes=3-2", "--ntasks=0", "-c 0", "--begin=24:00",
            "--signal=NOPE", "--mem=1X", "--exclusive=nobody", "--gres=gpu:x:y:z",
        ] + details)
    func compare(text: String) async throws {
        let client = try await LiveSlurm.client()
        let words = try ShellWords.split(text)
        let ours: Result<JobID, any Error>
        do {
            var job = JobSubmission(name: "hpk-ours", script: "#!/bin/sh\nexit 0\n", environment: ["PATH": "/usr/bin:/bin"])
            job.hold = true
            try SbatchFlags.parse(text).apply(to: &job)
            ours = .success(try await client.submit(job))
        } catch {
            ours = .failure(error)
        }
        let theirs = Result {
            try LiveSlurm.run(
                "sbatch", ["--parsable", "--hold", "--output=/dev/null", "--job-name=hpk-theirs"] + words + ["--wrap=exit 0"])
        }
        let theirID = JobID((try? theirs.get())?.split(separator: "\n").first ?? "")
        defer { for id in [try? ours.get(), theirID].compactMap({ $0 }) { _ = try? LiveSlurm.run("scancel", [id.description]) } }
        guard case .success(let ourID) = ours, let theirID else {
            // What sbatch refuses, we refuse; the messages differ.
            if case .success = ours { Issue.record("sbatch refuses \(text)") }
            if theirID != nil { Issue.record("sbatch takes \(text): \(ours)") }
            return
        }
        let (mine, its) = (try Self.fields(of: ourID), try Self.fields(of: theirID))
        for key in Set(mine.keys).union(its.keys).subtracting(Self.ignored).sorted() {
            // The two are submitted one after the other: "now" is later, on a busy machine by some seconds.
            if key == "EligibleTime", let left = Self.seconds(mine[key]), let right = Self.seconds(its[key]), abs(left - right) <= 30 {
                continue
            }
            #expect(mine[key] == its[key], "\(key) for \(text)")
        }
        let (ourRecord, theirRecord) = (try Self.record(of: ourID), try Self.record(of: theirID))
        #expect(ourRecord.count > 50)
        for key in Set(ourRecord.keys).union(theirRecord.keys).subtracting(Self.ignoredFields).sorted() {
            if key == "bitflags", text.contains("--ntasks-per-node"), SbatchFlag.isBuiltFor(atLeast: 24, 11) {
                // JOB_NTASKS_SET: we tell how many tasks come of it, since srun in the job has to know.
                #expect(Self.flags(ourRecord) == Self.flags(theirRecord).map { $0 | 1 << 14 }, "\(text)")
                continue
            }
            #expect(ourRecord[key] == theirRecord[key], "\(key) for \(text)")
        }
    }

    /// Fields of `slurm_job_info_t` that differ between any two jobs, or that `fields` has compared with more care.
    private static let ignoredFields: Set<String> = [
        "job_id", "step_id", "name", "submit_time", "accrue_time", "start_time", "end_time", "last_sched_eval", "eligible_time", "deadline",
        "alloc_node",
        "alloc_sid", "command", "work_dir", "std_err", "std_in", "std_out", "priority", "requeue", "pre_sus_time", "submit_line",
    ]

    private static func flags(_ record: [String: String]) -> UInt64? { record["bitflags"].flatMap { UInt64($0) } }

    /// All texts and numbers of libslurm's record: scontrol does not show each of them.
    private static func record(of id: JobID) throws -> [String: String] {
        var message: UnsafeMutablePointer<job_info_msg_t>?
        defer { if let message { slurm_free_job_info_msg(message) } }
        let code = hpk_slurm_load_job(id.rawValue, &message)
        guard code == 0, let job = message?.pointee.job_array?.pointee else { throw SlurmError(code: code, operation: "compare") }
        var fields: [String: String] = [:]
        for child in Mirror(reflecting: job).children {
            guard let label = child.label else { continue }
            switch child.value {
            case let text as UnsafeMutablePointer<CChar>?: fields[label] = CStrings.optional(text)
            // slurmctld's own mark on a job whose dependency it has not looked at yet (JOB_DEPENDENT).
            case let flags as UInt64 where label == "bitflags": fields[label] = String(flags & ~(1 << 29))
            case let number as any BinaryInteger: fields[label] = String(number)
            default: break
            }
        }
        return fields
    }

    @Test("are refused where sbatch guesses", arguments: ["--nodes=0", "--nice=x", "--begin=2031-02-31"])
    func stricter(text: String) throws {
        #expect(throws: FlagError.self) { try SbatchFlags.parse(text) }
        let answer = try LiveSlurm.run("sbatch", ["--parsable", "--hold", "--output=/dev/null", text, "--wrap=exit 0"])
        let id = try #require(JobID(answer.split(separator: "\n").first ?? ""))
        _ = try LiveSlurm.run("scancel", [id.description])
    }

    private static func seconds(_ text: String?) -> Int64? {
        text.flatMap { TimeText.point($0, now: Date(), timeZone: .current) }
    }

    private static func fields(of id: JobID) throws -> [String: String] {
        let line = try LiveSlurm.run("scontrol", ["-o", "show", "job", id.description])
        var fields: [String: String] = [:]
        // The newest releases end with the words that sbatch was called with, which have fields of their own.
        for word in line.prefix(upTo: line.range(of: " SubmitLine=")?.lowerBound ?? line.endIndex).split(whereSeparator: \.isWhitespace) {
            guard let equals = word.firstIndex(of: "=") else { continue }
            fields[String(word[..<equals])] = String(word[word.index(after: equals)...])
        }
        return fields
    }
}
