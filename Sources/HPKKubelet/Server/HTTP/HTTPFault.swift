/// An answer that tells the client what is wrong.
public struct HTTPFault: Error, Equatable, CustomStringConvertible {
    /// HTTP status, 400 to 599.
    public var status: Int
    /// Plain text for the body, without a line end.
    public var message: String
    /// Methods that would be allowed; sent as `Allow` with status 405 (RFC 9110, 15.5.6).
    public var allowedMethods: [String] = []

    public init(_ status: Int, _ message: String) {
        self.status = status
        self.message = message
    }

    public var description: String { "\(status): \(message)" }
}
