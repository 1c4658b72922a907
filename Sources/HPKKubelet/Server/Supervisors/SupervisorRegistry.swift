/// The live connection of each pod.
actor SupervisorRegistry {
    private var sessions: [String: SupervisorSession] = [:]

    /// Makes `session` its pod's connection; an older one is closed first, and its last event has been handled when this returns.
    func adopt(_ session: SupervisorSession) async {
        while let old = sessions[session.uid] {
            await old.closeAndWait()
            if sessions[session.uid] === old { sessions[session.uid] = nil }
        }
        sessions[session.uid] = session
    }

    func remove(_ session: SupervisorSession) {
        if sessions[session.uid] === session { sessions[session.uid] = nil }
    }
}
