import Foundation
import Kubernetes
import Logging
import PodProtocol
import Slurm

/// What a pod's worker works with; everything that has effects, so that tests can put fakes in.
public struct PodServices: Sendable {
    public var store: PodDirectoryStore
    public var preparer: any PodPreparing
    public var jobs: any JobControlling
    public var submitter: JobSubmitter
    var batches: BatchStore
    public var feed: JobFeed
    public var api: any PodAPI
    public var status: PodStatusWriter
    /// How supervisors reach this agent.
    var access: @Sendable () async -> SupervisorAccess
    /// Records a Kubernetes event about a pod; never waits.
    public var record: @Sendable (Pod, PodNote) -> Void
    public var now: @Sendable () -> Date
    public var logger: Logger

    init(
        store: PodDirectoryStore, preparer: any PodPreparing, jobs: any JobControlling, submitter: JobSubmitter, batches: BatchStore,
        feed: JobFeed, api: any PodAPI, status: PodStatusWriter, access: @escaping @Sendable () async -> SupervisorAccess,
        record: @escaping @Sendable (Pod, PodNote) -> Void, now: @escaping @Sendable () -> Date = { Date() },
        logger: Logger
    ) {
        self.store = store
        self.preparer = preparer
        self.jobs = jobs
        self.submitter = submitter
        self.batches = batches
        self.feed = feed
        self.api = api
        self.status = status
        self.access = access
        self.record = record
        self.now = now
        self.logger = logger
    }
}

/// Makes a pod ready to be submitted.
public protocol PodPreparing: Sendable {
    /// Fetches references and images and writes the plan into the pod's directory.
    ///
    /// - Parameter note: Takes progress worth a Kubernetes event, such as `Pulling`.
    /// - Throws: ``PreparationFailure``.
    func prepare(_ pod: Pod, note: @escaping @Sendable (PodNote) -> Void) async throws -> PreparedPod
    /// The secret part of a pod's plan; nil where it has none.
    func delivery(for pod: Pod) async throws -> Delivery?
    /// What changed in a running pod's API volumes since it was last asked; nil where nothing did.
    func renewal(for pod: Pod) async throws -> Delivery?
    /// Drops what was remembered of a pod that is gone.
    func forget(_ uid: String) async
}

/// A pod whose plan is on disk.
public struct PreparedPod: Sendable {
    public var submission: JobSubmission
    /// `imageID` by container.
    public var imageIDs: [String: String]
    public var delivery: Delivery?

    public init(submission: JobSubmission, imageIDs: [String: String], delivery: Delivery?) {
        self.submission = submission
        self.imageIDs = imageIDs
        self.delivery = delivery
    }
}

/// Why a pod was not prepared.
public enum PreparationFailure: Error, Sendable, Equatable {
    /// It may work later.
    case delayed(PreparationDelay)
    /// It never will.
    case rejected(PodRejection)
}

/// Ends Slurm jobs.
public protocol JobControlling: Sendable {
    /// Ends a job at once; a job that has already ended is no error.
    func cancel(_ id: JobID) async throws
    /// Sends TERM to the batch step only, where the supervisor heeds it.
    func terminate(_ id: JobID) async throws
}

/// The calls about one pod's object.
public protocol PodAPI: Sendable {
    /// Writes status and annotations. A pod that is gone or has another UID is no error.
    func write(_ update: PodStatusUpdate) async throws
    /// Removes the object, if it still has that UID; one that is gone is no error.
    func confirmDeletion(namespace: String, name: String, uid: String) async throws
}

extension SubmissionFailure: Error {}
