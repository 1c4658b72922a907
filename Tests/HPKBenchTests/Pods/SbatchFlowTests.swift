import Testing

@testable import HPKBench

@Suite("The flow by sbatch processes")
struct SbatchFlowTests {
    @Test(
        "a look at the files comes every five seconds, whenever the pod came",
        arguments: [(100.0, 100.0, 5.0), (101, 100, 4), (104.5, 100, 0.5), (105, 100, 5), (98, 100, 2), (93, 100, 2)])
    func looks(now: Double, phase: Double, wait: Double) {
        #expect(abs(SbatchFlow.untilNextLook(now, phase: phase) - wait) < 1e-9)
    }

    @Test("a plain job is nothing but Apptainer with the image")
    func script() {
        let jobs = BatchJobs(image: "/i.sif", folder: "/f", environment: [:])
        #expect(jobs.script(.plain) == "#!/bin/sh\nexec apptainer --silent exec --containall /i.sif true\n")
        #expect(jobs.script(.podLike).contains("--fakeroot --writable-tmpfs"))
    }
}
