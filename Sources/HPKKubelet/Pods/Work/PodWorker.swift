import Foundation
import Kubernetes
import Logging
import PodProtocol
import Slurm
import Synchronization

/// Runs one pod's ``PodMachine``: takes its inputs one after the other and does what it wants done.
public actor PodWorker {
    public nonisolated let uid: String
    private let services: PodServices
    private nonisolated let mailbox = Mutex(Mailbox<PodInput>())
    private nonisolated let care = Atomic(false)
    private nonisolated let wake: @Sendable (PodWorker) -> Void
    private var machine: PodMachine
    private var logger: Logger
    private var connection: (any SupervisorConnection)?
    /// What was prepared, until Slurm has the job.
    private var prepared: PreparedBox?
    /// What this process prepared for delivery, and whether it did; a later process prepares it again.
    private var delivery: (isPrepared: Bool, content: Delivery?) = (false, nil)
    /// The preparation that runs. It is let go at its end: the handle of a task keeps the memory of all its frames, some 25 KB a pod.
    private var preparation: Task<Void, Never>?
    private var preparationCount = 0
    private var renewal: Task<Void, Never>?
    private var timers: [PodTimer: Task<Void, Never>] = [:]
    private var changeWaiters: [Int: CheckedContinuation<Void, Never>] = [:]
    private var changeCount = 0
    private var published: PodStatus?
    private var publishedAnnotations: [String: String] = [:]

    /// - Parameter wake: Sees to it that ``work()`` is called, since there is something to do.
    init(pod: Pod, services: PodServices, wake: @escaping @Sendable (PodWorker) -> Void) {
        uid = pod.metadata.uid
        self.services = services
        machine = PodMachine(pod: pod, at: services.now())
        self.wake = wake
        logger = services.logger
        logger[metadataKey: "pod"] = "\(pod.metadata.name)"
        logger[metadataKey: "namespace"] = "\(pod.metadata.namespace)"
        logger[metadataKey: "uid"] = "\(pod.metadata.uid)"
    }

    /// Puts an input into the worker's mailbox; returns at once.
    public nonisolated func send(_ input: PodInput) {
        if mailbox.withLock({ $0.put(input) }) { wake(self) }
    }

    /// Works off what is in the mailbox.
    ///
    /// - Returns: whether the pod is discarded, so that nothing will come any more.
    func work() async -> Bool {
        while !Task.isCancelled, let input = mailbox.withLock({ $0.next() }) {
            let before = machine.stage
            let effects = machine.handle(input, at: services.now())
            if machine.stage != before { logger.debug("pod moved on", metadata: ["stage": "\(machine.stage)"]) }
            await publish()
            tellChange()
            for effect in effects { await perform(effect) }
            noteCare()
        }
        return isDiscarded
    }

    /// Ends what the worker has begun; the agent stops, or the pod is gone.
    func end() {
        tellChange()
        preparation?.cancel()
        renewal?.cancel()
        for timer in timers.values { timer.cancel() }
    }

    // MARK: What others ask

    /// The pod with the status that this worker last gave.
    public var pod: Pod {
        var pod = machine.pod
        if let published { pod.status = published }
        return pod
    }

    /// The sequence of the last event that is known, for a supervisor that reconnects.
    var knownSequence: UInt64 { machine.facts.lastSequence }
    var isOver: Bool { machine.isOver }
    var jobID: JobID? { machine.jobID }
    private var isDiscarded: Bool { machine.stage == .discarded }
    var currentConnection: (any SupervisorConnection)? { connection }

    /// What is known of a container.
    func facts(of container: String) -> ContainerFacts { machine.facts.container(container) }

    /// Returns after the next input has been taken in, or when the task is cancelled.
    func nextChange() async {
        changeCount += 1
        let number = changeCount
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if Task.isCancelled { return continuation.resume() }
                changeWaiters[number] = continuation
            }
        } onCancel: {
            Task { await self.stopWaiting(number) }
        }
    }

    private func stopWaiting(_ number: Int) {
        changeWaiters.removeValue(forKey: number)?.resume()
    }

    private func tellChange() {
        let waiters = changeWaiters
        changeWaiters = [:]
        for waiter in waiters.values { waiter.resume() }
    }

    // MARK: The supervisor's connection

    func attach(_ new: any SupervisorConnection) {
        connection = new
        send(.connectionOpened)
    }

    func detach(_ old: any SupervisorConnection) {
        guard connection === old else { return }
        connection = nil
        send(.connectionClosed)
    }

    /// Called every few seconds while ``isInCare``: what the supervisor cannot push is read, what changes in the API is passed on.
    ///
    /// - Returns: whether the journal is being read.
    func lookAfter(renewVolumes: Bool, mayRead: Bool) -> Bool {
        guard case .submitted = machine.stage else { return false }
        if connection == nil {
            guard mayRead, runsOnItsOwn else { return false }
            readJournal()
            return true
        }
        if renewVolumes, renewal == nil { renew() }
        return false
    }

    /// Whether there is something to look after; asked of ten thousand pods every few seconds, so without a change of actors.
    nonisolated var isInCare: Bool { care.load(ordering: .relaxed) }

    private var runsOnItsOwn: Bool { machine.job?.state.base == .running || machine.facts.start != nil }

    private func noteCare() {
        guard case .submitted = machine.stage else { return care.store(false, ordering: .relaxed) }
        care.store(connection != nil || runsOnItsOwn, ordering: .relaxed)
    }

    /// Writes the status again where the object, as the API server last showed it, says something else.
    func resync() async {
        guard let published, machine.stage != .discarded else { return }
        let shown = machine.pod.metadata.annotations
        if published.isTold(by: machine.pod.status), publishedAnnotations.allSatisfy({ shown[$0.key] == $0.value }) { return }
        await services.status.rewrite(uid)
    }

    private func renew() {
        guard let connection else { return }
        let (pod, preparer, logger) = (machine.pod, services.preparer, logger)
        renewal = Task {
            do {
                if let delivery = try await preparer.renewal(for: pod) { try await connection.send(delivery) }
            } catch {
                logger.debug("volumes were not renewed; trying again", metadata: ["error": "\(error)"])
            }
            renewal = nil
        }
    }

    // MARK: Effects

    private func publish() async {
        guard let status = machine.status(at: services.now()) else { return }
        let annotations = machine.annotations
        guard status != published || annotations != publishedAnnotations else { return }
        (published, publishedAnnotations) = (status, annotations)
        let metadata = machine.pod.metadata
        await services.status.set(
            PodStatusUpdate(
                namespace: metadata.namespace, name: metadata.name, uid: uid, status: status, annotations: annotations))
    }

    private func perform(_ effect: PodEffect) async {
        switch effect {
        case .prepare: prepare()
        case .cancelPreparation: preparation?.cancel()
        case .submit: submit()
        case .withdrawSubmission: await services.submitter.withdraw(uid)
        case .follow(let id): await follow(id)
        case .abandon(let id): await abandon(id)
        case .refresh(let id): await services.feed.refresh(id)
        case .cancelJob(let id): await act(on: id, "cancel") { try await $0.cancel(id) }
        case .terminateJob(let id): await act(on: id, "stop") { try await $0.terminate(id) }
        case .stop(let request): await ask(request)
        case .deliver: deliver()
        case .readJournal: readJournal()
        case .startTimer(let timer, let seconds): start(timer, seconds: seconds)
        case .stopTimer(let timer): timers.removeValue(forKey: timer)?.cancel()
        case .record(let note): services.record(machine.pod, note)
        case .confirmDeletion: confirmDeletion()
        case .discard: await discard()
        }
    }

    private func prepare() {
        let pod = machine.pod
        let services = services
        preparation?.cancel()
        preparationCount += 1
        let number = preparationCount
        preparation = Task {
            // A later one may have taken its place.
            defer { if number == preparationCount { preparation = nil } }
            do {
                let prepared = try await services.preparer.prepare(pod) { services.record(pod, $0) }
                self.prepared = PreparedBox(prepared)
                delivery = (true, prepared.delivery)
                send(.prepared(imageIDs: prepared.imageIDs))
            } catch PreparationFailure.delayed(let delay) {
                send(.preparationDelayed(delay))
            } catch PreparationFailure.rejected(let rejection) {
                send(.rejected(rejection))
            } catch {
                guard !Task.isCancelled else { return }
                send(.preparationDelayed(PreparationDelay(eventReason: "FailedToPrepare", message: "\(error)")))
            }
        }
    }

    /// It may take long: until Slurm takes the job, inputs are handled as ever.
    private func submit() {
        guard let prepared = prepared?.pod else {
            return send(.preparationDelayed(PreparationDelay(eventReason: "FailedToPrepare", message: "no plan")))
        }
        let metadata = machine.pod.metadata
        let request = JobSubmitter.Request(
            intent: SubmissionIntent(uid: uid, namespace: metadata.namespace, name: metadata.name, imageIDs: prepared.imageIDs),
            submission: prepared.submission, waits: { [weak self] in self?.send(.submissionWaits($0)) })
        let submitter = services.submitter
        Task {
            do {
                send(.submitted(try await submitter.submit(request)))
            } catch let failure as SubmissionFailure {
                send(.submissionFailed(failure))
            } catch {
                send(.rejected(PodRejection(reason: "Terminated", message: "The pod was deleted before its job was submitted")))
            }
        }
    }

    private func follow(_ id: JobID) async {
        prepared = nil
        logger[metadataKey: "job"] = "\(id)"
        await services.feed.follow(id, owner: uid) { [weak self] news in
            switch news {
            case .changed(let record): self?.send(.jobChanged(record))
            case .forgotten: self?.send(.jobForgotten)
            }
        }
    }

    private func abandon(_ id: JobID) async {
        logger[metadataKey: "job"] = nil
        await services.feed.unfollow(id, owner: uid)
        do { try await services.batches.podRemoved(uid) } catch {
            logger.warning("the file of a batch was not removed", metadata: ["job": "\(id)", "error": "\(error)"])
        }
    }

    private func act(on id: JobID, _ verb: String, _ call: @escaping @Sendable (any JobControlling) async throws -> Void) async {
        let (jobs, feed, logger) = (services.jobs, services.feed, logger)
        Task {
            do {
                try await call(jobs)
            } catch {
                // The grace timer comes back to it.
                logger.warning("could not \(verb) the pod's job; trying again", metadata: ["error": "\(error)"])
            }
            await feed.expectEnd(of: id)
        }
    }

    private func ask(_ request: StopRequest) async {
        guard let connection else { return }
        do {
            try await connection.send(request)
        } catch {
            logger.debug("stop request not delivered", metadata: ["error": "\(error)"])
            if let id = machine.jobID { await perform(.terminateJob(id)) }
        }
    }

    private func deliver() {
        guard let connection else { return }
        let (pod, services, logger) = (machine.pod, services, logger)
        // What was prepared by this process says itself whether there is anything to deliver.
        let known = delivery
        Task {
            var attempt = 0
            while !Task.isCancelled {
                do {
                    let delivery = known.isPrepared ? known.content : try await services.preparer.delivery(for: pod)
                    if let delivery { try await connection.send(delivery) }
                    return
                } catch {
                    guard isCurrent(connection), !machine.isOver else { return }
                    attempt += 1
                    logger.warning("the pod's secrets were not delivered; trying again", metadata: ["error": "\(error)"])
                    try? await Task.sleep(for: PodStatusWriter.backoff(failures: attempt))
                }
            }
        }
    }

    private func isCurrent(_ other: any SupervisorConnection) -> Bool { connection === other }

    private func readJournal() {
        let (store, logger, uid) = (services.store, logger, uid)
        Task {
            do {
                let (events, problems) = try await store.journal(of: uid)
                for problem in problems { logger.warning("a line of the pod's journal was skipped", metadata: ["problem": "\(problem)"]) }
                send(.journal(events))
            } catch {
                logger.warning("the pod's journal cannot be read", metadata: ["error": "\(error)"])
                send(.journal([]))
            }
        }
    }

    private func start(_ timer: PodTimer, seconds: Double) {
        timers[timer]?.cancel()
        timers[timer] = Task { [weak self] in
            try? await Task.sleep(for: .seconds(seconds))
            if !Task.isCancelled { self?.send(.timerFired(timer)) }
        }
    }

    private func confirmDeletion() {
        let (services, metadata, uid, logger) = (services, machine.pod.metadata, uid, logger)
        // A grace of zero means that the API server is about to remove the object itself; only where it does not is it asked to.
        let isLeaving = metadata.deletionGracePeriodSeconds == 0
        Task {
            if isLeaving { try? await Task.sleep(for: .seconds(2)) }
            guard !isDiscarded else { return }
            await services.status.flush(uid)
            var attempt = 0
            while !Task.isCancelled {
                do {
                    return try await services.api.confirmDeletion(namespace: metadata.namespace, name: metadata.name, uid: uid)
                } catch {
                    attempt += 1
                    logger.warning("the pod's deletion was not confirmed; trying again", metadata: ["error": "\(error)"])
                    try? await Task.sleep(for: PodStatusWriter.backoff(failures: attempt))
                }
            }
        }
    }

    private func discard() async {
        if let id = machine.jobID { await services.feed.unfollow(id, owner: uid) }
        await connection?.close()
        await services.status.forget(uid)
        await services.preparer.forget(uid)
        do {
            try await services.store.remove(uid)
            try await services.batches.podRemoved(uid)
        } catch is CancellationError {
            // The agent is stopping; its next start removes directories of pods that are gone.
        } catch {
            logger.warning("the pod's directory was not removed", metadata: ["error": "\(error)"])
        }
        mailbox.withLock { $0.close() }
    }
}

/// A kilobyte that most workers do not hold.
private final class PreparedBox: Sendable {
    let pod: PreparedPod

    init(_ pod: PreparedPod) { self.pod = pod }
}
