extension ImageRecord {
    /// The user that the image itself asks for: root where it names none.
    ///
    /// - Throws: ``ImageError/inspect(image:reason:)`` where the image names a user or group that it does not hold. A pod whose `runAsUser` is
    ///   set does not need this value.
    public func startUser() throws(ImageError) -> ImageUser {
        if let user { return user }
        guard let name = configuration.user, !name.isEmpty else { return accounts.first { $0.user == 0 } ?? ImageUser(user: 0, group: 0) }
        throw .inspect(image: reference, reason: "the image's user \(quoted(name)) is not in its own /etc/passwd and /etc/group")
    }
}
