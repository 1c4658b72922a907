import Testing

@testable import Slurm

@Suite("Options of srun that a pod gives")
struct SrunOptionsTests {
    @Test(
        "are let through as whole words",
        arguments: [
            ("", []),
            ("--mpi=pmi2", ["--mpi=pmi2"]),
            ("--mpi pmix -n 4", ["--mpi=pmix", "--ntasks=4"]),
            ("-np 4", ["--ntasks=4"]),
            ("-n4 -N2-3 -c2", ["--ntasks=4", "--nodes=2-3", "--cpus-per-task=2"]),
            ("-OK", ["--overcommit", "--kill-on-bad-exit"]),
            ("-K1 -W 0", ["--kill-on-bad-exit=1", "--wait=0"]),
            ("--kill-on-bad-exit", ["--kill-on-bad-exit"]),
            ("--cpu-bind=verbose,cores -m block:cyclic", ["--cpu-bind=verbose,cores", "--distribution=block:cyclic"]),
            ("'--ntasks-per-node=2' \"-w\" 'c[1-2],c4'", ["--ntasks-per-node=2", "--nodelist=c[1-2],c4"]),
            ("--gpus-per-task=1 --gpu-bind=closest --gres=none", ["--gpus-per-task=1", "--gpu-bind=closest", "--gres=none"]),
            ("--resv-ports --exact", ["--resv-ports", "--exact"]),
        ] as [(String, [String])])
    func accepted(text: String, words: [String]) throws {
        #expect(try SrunOptions.parse(text).words == words)
    }

    @Test(
        "that would take the step out of our hands are refused with the reason",
        arguments: [
            "--output=/tmp/x", "-o/tmp/x", "--error=x", "-e x", "--input=none", "--jobid=1", "--multi-prog", "--het-group=0", "--label",
            "-l",
            "--unbuffered", "-u", "--pty", "--chdir=/", "-D /", "--export=ALL", "--task-prolog=/bin/sh", "--task-epilog=/bin/sh",
            "--prolog=/bin/sh", "--epilog=/bin/sh", "--bcast", "--container=/x", "--uid=0", "--gid=0", "--x11", "--overlap", "--job-name=x",
            "-J x", "--no-allocate", "-Z", "--exclusive", "--test-only", "--help", "--quiet", "-v", "-V", "-M other", "-n 4 -lK",
        ])
    func refused(text: String) throws {
        let error = #expect(throws: FlagError.self) { try SrunOptions.parse(text) }
        guard case .refused(let why) = error?.reason else {
            Issue.record("\(text): \(String(describing: error))")
            return
        }
        #expect(!why.isEmpty)
    }

    @Test(
        "cannot bring in a program, a shell or a file",
        arguments: [
            "/bin/sh -c id", "-n 1 /bin/sh", "--mpi=none -- /bin/sh", "--", "-", "$(id)", "--mpi='$(id)x y'", "--mpi=a;id;\n",
            "'-n' '1;id'",
            "--nodelist=/etc/passwd", "-w ../hosts", "--exclude=/x", "--no-such", "-y", "--ntasks", "-n", "--ntasks=", "--ntasks=0",
            "--ntasks=-1", "--ntasks=4x", "--exact=yes", "--mpi=list", "--cpu-bind=help", "'open", "--mpi=\u{1}", "--kill-on-bad-exit=2",
            "--nodes=2-1", "--nodes=a", "-n '4 --output=x'", "--Ntasks=1",
        ])
    func attacks(text: String) {
        #expect(throws: FlagError.self) { try SrunOptions.parse(text) }
    }

    @Test("have one row each")
    func tableIsConsistent() {
        let all = SrunOption.all
        #expect(Set(all.map(\.long)).count == all.count)
        let letters = all.compactMap(\.short)
        #expect(Set(letters).count == letters.count)
    }
}
