import Kubernetes

/// When a running pod's service account token is to be replaced: after 80 % of its life, and after 24 hours at the latest, as the
/// kubelet does.
public enum TokenRenewal {
    /// Longest time that a token is used, whatever its life.
    static let longestUse: Int64 = 24 * 3600

    /// The second since 1970 at which the token is due.
    public static func dueTime(of token: IssuedToken) -> Int64 {
        let life = min(max(Int64(token.expirationSeconds), 0), 1 << 32)
        let expires = token.expires.secondsSince1970
        return min(expires - life + longestUse, expires - life / 5)
    }

    /// The tokens that are due at `now`.
    public static func due(_ sources: PodSources, now: Timestamp) -> Set<TokenKey> {
        Set(sources.tokens.filter { dueTime(of: $0.value) <= now.secondsSince1970 }.keys)
    }

    /// When the first token is due; nil without tokens.
    public static func nextDue(_ sources: PodSources) -> Timestamp? {
        sources.tokens.values.map(dueTime).min().map { Timestamp(secondsSince1970: $0) }
    }
}
