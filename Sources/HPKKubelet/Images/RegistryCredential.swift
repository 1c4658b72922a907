import Foundation

/// What proves to a registry who asks. Its text never shows the secret, so that a log cannot.
public enum RegistryCredential: Sendable, Hashable {
    case password(user: String, password: String)
    /// An OAuth 2 refresh token, exchanged for a token of each pull.
    case identityToken(user: String, token: String)

    /// The value of an `Authorization: Basic` header.
    var basicHeader: String? {
        guard case .password(let user, let password) = self else { return nil }
        return "Basic " + Data("\(user):\(password)".utf8).base64EncodedString()
    }
}

extension RegistryCredential: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String {
        switch self {
        case .password(let user, _): "password of \(quoted(user))"
        case .identityToken: "identity token"
        }
    }

    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: [], displayStyle: .enum) }
}
