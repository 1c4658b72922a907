import Testing

@testable import HPKBench

@Suite("System calls on the shared folder")
struct FileSystemTraceTests {
    private static let folder = "/home/u/.hpk"

    @Test(
        "a call counts if a path or a descriptor is in the folder",
        arguments: [
            (#"9<hpk-pod> 5.5 openat(AT_FDCWD</tmp>, "/home/u/.hpk/pods/1/claim", O_RDONLY) = 3</home/u/.hpk/pods/1/claim>"#, true),
            (#"9<hpk-pod> 5.5 write(3</home/u/.hpk/pods/1/claim>, "1\n", 2) = 2"#, true),
            (#"9<hpk-pod> 5.5 openat(AT_FDCWD</home/u/.hpk/pods/1>, "plan.json", O_RDONLY) = 3"#, true),
            (#"9<hpk-pod> 5.5 mkdir("/home/u/.hpk", 0700) = 0"#, true),
            (#"9<hpk-pod> 5.5 read(3</home/u/.hpk/pods/1/x>,  <unfinished ...>"#, true),
            // The working folder of the process says nothing about an absolute path.
            (#"9<hpk-pod> 5.5 openat(AT_FDCWD</home/u/.hpk/pods/1>, "/etc/passwd", O_RDONLY) = 3"#, false),
            (#"9<hpk-pod> 5.5 openat(AT_FDCWD</tmp>, "/home/u/.hpkother/x", O_RDONLY) = 3"#, false),
            (#"9<hpk-pod> 5.5 <... read resumed>"", 4096) = 0"#, false),
            (#"9<hpk-pod> 4.5 mkdir("/home/u/.hpk/early", 0700) = 0"#, false),
            (#"9<starter> 5.5 openat(AT_FDCWD</tmp>, "/home/u/.hpk/images/a.sif", O_RDONLY) = 3"#, false),
            ("9<hpk-pod> 5.5 +++ exited with 0 +++", false),
            ("", false),
        ])
    func lines(line: String, isCounted: Bool) {
        var trace = FileSystemTrace()
        trace.add(line + "\n", below: Self.folder, from: 5) { $0 == "hpk-pod" }
        #expect(trace.total == (isCounted ? 1 : 0))
    }

    @Test("calls are counted by their names")
    func names() {
        var trace = FileSystemTrace()
        trace.add("1<a> 1.0 fsync(3</f/x>) = 0\n1<a> 1.1 fsync(3</f/x>) = 0\n", below: "/f")
        trace.add("2<b> 1.2 unlink(\"/f/x\") = 0\n", below: "/f")
        #expect(trace.counts == ["fsync": 2, "unlink": 1])
    }
}
