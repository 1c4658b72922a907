import Foundation
import Kubernetes
import Slurm
import Testing

@testable import HPKKubelet

@Suite("A pod's Slurm job", .tags(.translation))
struct JobPlannerTests {
    static let directory = "/shared/hpk/pods/\(Fixture.uid)"

    static func job(
        _ pod: Pod = Fixture.pod(), settings: PlanSettings = Fixture.settings(), directory: String = directory
    ) throws(TranslationError) -> JobSubmission {
        try JobPlanner.submission(
            pod: pod, settings: settings, podDirectory: directory,
            flagContext: SbatchFlags.Context(now: Date(timeIntervalSince1970: 0), timeZone: .gmt))
    }

    @Test("The plainest pod")
    func plain() throws {
        let job = try Self.job()
        #expect(job.name == "shop/web")
        #expect(job.comment == "hpk/1;cluster=test;uid=\(Fixture.uid)")
        #expect(job.script == "#!/bin/sh\nexec '/opt/hpk/bin/hpk-pod' run --directory '\(Self.directory)'\n")
        #expect(job.workingDirectory == Self.directory)
        #expect(job.standardOutput == Self.directory + "/slurm.out")
        #expect(job.environment == ["PATH": PlanSettings.defaultPath])
        #expect(job.cpusPerTask == 1)
        #expect(job.tasks == 1 && job.minNodes == 1 && job.maxNodes == 1)
        #expect(job.memory == nil && job.gres == nil && job.timeLimit == nil && job.priority == nil)
        #expect(!job.requeue)
        #expect(job.warningSignal == JobSubmission.WarningSignal(signal: 15, secondsBeforeEnd: 30, batchOnly: true))
    }

    @Test("Nothing that the pod says is in the script", .tags(.hostileInput))
    func scriptIsFixed() throws {
        let pod = Fixture.pod {
            $0.metadata.name = "pwn.pwn"
            $0.metadata.labels = ["pwn": "$(pwn)"]
            $0.metadata.annotations = ["x": "pwn"]
            $0.spec.containers[0].args = ["pwn"]
            $0.spec.containers[0].env = [EnvVar(name: "PWN", value: "pwn")]
        }
        let job = try Self.job(pod)
        #expect(job.script == (try Self.job()).script)
        #expect(job.environment.keys.sorted() == ["PATH"])
    }

    @Test("Quotes and blanks of our own paths are quoted")
    func quotedPaths() throws {
        let settings = Fixture.settings { $0.podProgram = "/opt/it's here/hpk-pod" }
        #expect(try Self.job(settings: settings).script.contains("exec '/opt/it'\\''s here/hpk-pod' run "))
    }

    @Test(
        "Paths that cannot be in a script are refused", .tags(.hostileInput),
        arguments: ["relative", "", "/a\nb", "/a%j", "/a\\b", "/a/../b", "/a\0", "/" + String(repeating: "x", count: 5000)])
    func badPaths(path: String) {
        for settings in [Fixture.settings(), Fixture.settings { $0.podProgram = path }] {
            let directory = settings.podProgram == path ? Self.directory : path
            let error = Fixture.failure { () throws(TranslationError) in _ = try Self.job(settings: settings, directory: directory) }
            #expect(error?.reason == "InvalidConfiguration")
        }
    }

    /// Requests of the one container and what the job asks for.
    struct Resources: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var requests: [String: Quantity] = [:]
        var limits: [String: Quantity] = [:]
        var cpus: UInt16? = 1
        var memory: JobSubmission.Memory?
        var gres: String?
    }

    @Test(
        "Resources",
        arguments: [
            Resources(testDescription: "a part of a CPU is one", requests: ["cpu": Quantity(milli: 100)], cpus: 1),
            Resources(testDescription: "CPUs are rounded up", requests: ["cpu": Quantity(milli: 2001)], cpus: 3),
            Resources(testDescription: "a limit alone counts", limits: ["cpu": Quantity(4)], cpus: 4),
            Resources(
                testDescription: "a request wins over the limit", requests: ["cpu": Quantity(2), "memory": Quantity(1 << 20)],
                limits: ["cpu": Quantity(4), "memory": Quantity(1 << 30)], cpus: 2, memory: .perNode(megabytes: 1)),
            Resources(testDescription: "zero CPUs are the default", requests: ["cpu": Quantity(0)], cpus: 1),
            Resources(
                testDescription: "memory is rounded up to a MiB", requests: ["memory": Quantity((64 << 20) + 1)],
                memory: .perNode(megabytes: 65)),
            Resources(testDescription: "a byte is a MiB", limits: ["memory": Quantity(1)], memory: .perNode(megabytes: 1)),
            Resources(testDescription: "one GPU", limits: ["nvidia.com/gpu": Quantity(1)], gres: "gpu:1"),
            Resources(
                testDescription: "GPUs of both vendors, by the site's names",
                limits: ["nvidia.com/gpu": Quantity(2), "amd.com/gpu": Quantity(1)], gres: "gpu:3"),
            Resources(testDescription: "no GPU", limits: ["nvidia.com/gpu": Quantity(0)]),
            Resources(
                testDescription: "what a job has no use for",
                requests: ["ephemeral-storage": Quantity(1 << 30), "hugepages-2Mi": Quantity(1 << 21)]),
            Resources(
                testDescription: "more memory than there is", requests: ["memory": Quantity(Int64.max)],
                memory: .perNode(megabytes: 1 << 43)),
        ])
    func resources(_ row: Resources) throws {
        let pod = Fixture.pod(container: { $0.resources = ResourceRequirements(limits: row.limits, requests: row.requests) })
        let job = try Self.job(pod)
        #expect(job.cpusPerTask == row.cpus)
        #expect(job.memory == row.memory)
        #expect(job.gres == row.gres)
    }

    @Test("The site's defaults and gres names are used")
    func siteSettings() throws {
        let settings = Fixture.settings {
            $0.defaultCPUs = 2
            $0.defaultMemoryMegabytes = 512
            $0.gres = ["nvidia.com/gpu": "gpu:nvidia", "amd.com/gpu": "gpu:amd", "example.com/card": "card"]
        }
        let pod = Fixture.pod(container: {
            $0.resources.limits = ["nvidia.com/gpu": Quantity(2), "amd.com/gpu": Quantity(1), "example.com/card": Quantity(4)]
        })
        let job = try Self.job(pod, settings: settings)
        #expect(job.cpusPerTask == 2)
        #expect(job.memory == .perNode(megabytes: 512))
        #expect(job.gres == "card:4,gpu:amd:1,gpu:nvidia:2")
        let silent = Fixture.settings { $0.defaultCPUs = nil }
        #expect(try Self.job(settings: silent).cpusPerTask == nil)
    }

    @Test(
        "Amounts that no job can have fail the pod", .tags(.hostileInput),
        arguments: [
            ("cpu", Quantity(70_000), "InvalidPod"), ("cpu", Quantity(Int64.max), "InvalidPod"), ("cpu", Quantity(-1), "InvalidPod"),
            ("memory", Quantity(-1), "InvalidPod"), ("nvidia.com/gpu", Quantity(Int64.max), "InvalidPod"),
            ("example.com/fpga", Quantity(1), "OutOfexample.com/fpga"),
        ])
    func absurd(name: String, amount: Quantity, reason: String) {
        let pod = Fixture.pod(container: { $0.resources.requests = [name: amount] })
        let error = Fixture.failure { () throws(TranslationError) in _ = try Self.job(pod) }
        #expect(error?.reason == reason)
        #expect(error?.field == "spec.containers")
    }

    @Test(
        "The time limit holds deadline, grace and a margin, in whole minutes",
        arguments: [(1, 30, 2), (60, 0, 2), (61, 0, 3), (3600, 30, 62), (Int(Int32.max), 30, 35_791_396), (10, Int.max, UInt32(Int32.max))]
            as [(Int, Int, UInt32)])
    func deadline(seconds: Int, grace: Int, minutes: UInt32) throws {
        let pod = Fixture.pod {
            $0.spec.activeDeadlineSeconds = seconds
            $0.spec.terminationGracePeriodSeconds = grace
        }
        #expect(try Self.job(pod).timeLimit == .minutes(minutes))
    }

    @Test("Slurm's warning comes the grace period before the end", arguments: [(0, 1), (5, 5), (100_000, 65_535)] as [(Int, UInt16)])
    func warning(grace: Int, seconds: UInt16) throws {
        let pod = Fixture.pod { $0.spec.terminationGracePeriodSeconds = grace }
        #expect(try Self.job(pod).warningSignal?.secondsBeforeEnd == seconds)
    }

    @Test("Where the warning would come at the very start there is none", arguments: [("1", false), ("2", true), ("1:00:00", true)])
    func noRoomForWarning(time: String, hasWarning: Bool) throws {
        let pod = Fixture.pod { $0.metadata.annotations[JobPlanner.flagsAnnotation] = "--time=\(time)" }
        #expect((try Self.job(pod).warningSignal != nil) == hasWarning)
    }

    @Test("Flags win over everything else")
    func flags() throws {
        let pod = Fixture.pod {
            $0.metadata.annotations[JobPlanner.flagsAnnotation] = "--partition=gpu -c 8 --mem=2G --comment='my own words' --time=10"
            $0.spec.containers[0].resources.requests = ["cpu": Quantity(1), "memory": Quantity(1 << 20)]
            $0.spec.activeDeadlineSeconds = 3600
        }
        let job = try Self.job(pod)
        #expect(job.partition == "gpu")
        #expect(job.cpusPerTask == 8)
        #expect(job.memory == .perNode(megabytes: 2048))
        #expect(job.timeLimit == .minutes(10))
        #expect(JobComment(parsing: job.wireComment ?? "")?.uid == Fixture.uid)
    }

    @Test("A bad flag fails the pod and is named", .tags(.hostileInput), arguments: ["--nope", "--time=never", "'", "--mem", "stray"])
    func badFlags(text: String) {
        let pod = Fixture.pod { $0.metadata.annotations[JobPlanner.flagsAnnotation] = text }
        let error = Fixture.failure { () throws(TranslationError) in _ = try Self.job(pod) }
        #expect(error?.effect == .podFails(reason: "InvalidSlurmFlags"))
        #expect(error?.field == "metadata.annotations['slurm.hpk.io/flags']")
        let name = text.prefix { $0 != "=" }
        #expect(error?.message.contains(name) == true)
    }

    @Test("A UID that cannot be in a comment fails the pod", .tags(.hostileInput), arguments: ["", "a b", "a;uid=b", "a\nb", ".."])
    func badUID(uid: String) {
        let error = Fixture.failure { () throws(TranslationError) in _ = try Self.job(Fixture.pod { $0.metadata.uid = uid }) }
        #expect(error?.field == "metadata.uid")
    }
}

extension JobPlannerTests {
    @Test("A cluster's name that cannot be in a comment is the configuration's fault")
    func badClusterName() {
        let settings = Fixture.settings { $0.clusterName = "my cluster" }
        let error = Fixture.failure { () throws(TranslationError) in _ = try Self.job(settings: settings) }
        #expect(error?.reason == "InvalidConfiguration")
    }

    @Test("A pod's name that is none does not become a job's name", .tags(.hostileInput), arguments: ["a\nb", "a b", "", "-", "A"])
    func badName(name: String) {
        let error = Fixture.failure { () throws(TranslationError) in _ = try Self.job(Fixture.pod { $0.metadata.name = name }) }
        #expect(error?.field == "metadata.name")
    }
}

@Suite("A job's comment", .tags(.translation))
struct JobCommentTests {
    @Test("What is written is read again")
    func roundTrip() throws {
        let comment = try #require(JobComment(cluster: "c-1.a_b", uid: Fixture.uid))
        #expect(!comment.description.contains(" "))
        #expect(JobComment(parsing: comment.description) == comment)
        #expect(JobComment(parsing: comment.description + " and the user's; uid=other") == comment)
        #expect(JobComment(parsing: "hpk/1;uid=u;new=x;cluster=c") == JobComment(cluster: "c", uid: "u"))
    }

    @Test(
        "Comments of other jobs are not ours", .tags(.hostileInput),
        arguments: [
            "", " ", "hpk/1", "hpk/2;cluster=c;uid=u", "xhpk/1;cluster=c;uid=u", "hpk/1;cluster=c", "hpk/1;uid=u", "hpk/1;cluster=c;uid=",
            "hpk/1;cluster=c;uid=a/b", "hpk/1;cluster=c;uid=u;uid=v", "hpk/1;cluster;uid=u", " hpk/1;cluster=c;uid=u",
            "hpk/1;cluster=c uid=u",
        ])
    func foreign(text: String) {
        #expect(JobComment(parsing: text) == nil)
    }
}
