/// The port used last time, in a file.
struct PortMemory {
    let path: String

    /// nil where there is none, or the file holds anything else than a port.
    var port: Int? {
        guard let bytes = try? PrivateFile.read(path, what: "port file") else { return nil }
        let text = String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        return Int(text).flatMap { (1...65_535).contains($0) ? $0 : nil }
    }

    func remember(_ port: Int) throws(CertificateError) {
        guard port != self.port else { return }
        try PrivateFile.write("\(port)\n", to: path)
    }
}
