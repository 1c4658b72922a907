import Kubernetes
import PodProtocol

/// What a running pod's volumes must be told after its sources, labels or annotations changed.
public struct VolumeRefresh: Sendable, Equatable {
    /// The volumes whose files changed, secret or not; nil where none did.
    public var delivery: Delivery?
    /// Volumes that cannot be made anew (a required key is gone): they keep their files, and an event says why.
    public var problems: [TranslationError]
    /// The files of every volume after this, to be compared with the next time.
    public var contents: [String: VolumeContent]

    /// Compares the volumes as they should be now with those the pod has.
    ///
    /// - Parameter contents: what the pod has, from ``BuiltPlan/contents`` or an earlier refresh.
    public init(pod: Pod, sources: PodSources, settings: PlanSettings, contents: [String: VolumeContent]) {
        self.contents = contents
        problems = []
        var changed: [String: VolumeContent] = [:]
        let files = VolumeFiles(pod: pod, sources: sources, settings: settings)
        for volume in pod.spec.volumes {
            do throws(TranslationError) {
                guard let content = try files.content(of: volume), content != contents[volume.name] else { continue }
                changed[volume.name] = content
            } catch {
                problems.append(error)
            }
        }
        self.contents.merge(changed) { _, new in new }
        delivery = changed.isEmpty ? nil : Delivery(volumes: changed)
    }
}
