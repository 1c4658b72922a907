/// Why a key or certificate cannot be made, read or used; each message ends in what to do.
public enum CertificateError: Error, Equatable, CustomStringConvertible {
    /// The file is not there.
    case missing(path: String, what: String)
    /// The file is there and the system does not let us read it, e.g. for its mode.
    case unreadable(path: String, what: String, reason: String)
    /// The file's bytes are not PEM of the expected kind.
    case malformed(path: String, what: String)
    /// The private key belongs to another certificate.
    case keyMismatch(certificate: String, key: String)
    /// The certificate's last day has passed; `ended` is in seconds since the Unix epoch.
    case expired(path: String, ended: Int64)
    /// The certificate's first day has not come; `begins` is in seconds since the Unix epoch.
    case notYetValid(path: String, begins: Int64)
    /// Something that is neither a DNS name nor an IP address was to go into a certificate.
    case badName(String)
    /// A file or folder of our own cannot be written.
    case unwritable(path: String, reason: String)
    /// OpenSSL refused an operation; `reason` holds its own words.
    case library(operation: String, reason: String)

    public var description: String {
        switch self {
        case .missing(let path, let what):
            "\(what) \(path) does not exist: create it or correct the path"
        case .unreadable(let path, let what, let reason):
            "\(what) \(path) cannot be read (\(reason)): check its owner and mode"
        case .malformed(let path, let what):
            "\(what) \(path) is not valid PEM: replace it; a file that hpk-kubelet wrote itself may be removed, a new one is made at the next start"
        case .keyMismatch(let certificate, let key):
            "private key \(key) does not belong to certificate \(certificate): give the pair that was made together"
        case .expired(let path, let ended):
            "certificate \(path) ended on \(calendarTime(ended)): renew it and restart hpk-kubelet"
        case .notYetValid(let path, let begins):
            "certificate \(path) begins only on \(calendarTime(begins)): check this machine's clock, or renew the certificate"
        case .badName(let name):
            "'\(printable(name))' is neither a DNS name nor an IP address, so no certificate can bear it: correct the configured address"
        case .unwritable(let path, let reason):
            "\(path) cannot be written (\(reason)): check the state directory's owner, mode and free space"
        case .library(let operation, let reason):
            "OpenSSL could not \(operation): \(reason)"
        }
    }

    private func calendarTime(_ seconds: Int64) -> String { LogTime(seconds: seconds, nanoseconds: 0).secondsDescription }

    private func printable(_ text: String) -> String {
        String(text.unicodeScalars.prefix(80).map { $0.value < 32 || $0.value == 127 ? "?" : Character($0) })
    }
}
