import CCurl
import Foundation

/// One easy handle of libcurl with everything that must live as long: owned and used by the engine's thread alone.
final class Transfer {
    let easy: UnsafeMutableRawPointer
    let channel: TransferChannel
    private let request: HTTPRequest
    private var headerList: UnsafeMutablePointer<curl_slist>?
    private var connectList: UnsafeMutablePointer<curl_slist>?
    private let errorText: UnsafeMutablePointer<CChar>
    private var status = 0
    private var headers = HTTPHeaders()

    /// Sets the handle up (curl_easy_setopt(3)); throws `HTTPError` when the request cannot be sent as it is.
    init(_ request: HTTPRequest, channel: TransferChannel) throws {
        guard let easy = curl_easy_init() else {
            throw HTTPError(.invalidRequest, request: request.label, detail: "libcurl gave no handle: out of memory")
        }
        self.easy = easy
        self.channel = channel
        self.request = request
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        try setMessage()
        try setConnection()
        try setTLS()
        setCallbacks()
    }

    deinit {
        curl_easy_cleanup(easy)
        curl_slist_free_all(headerList)
        curl_slist_free_all(connectList)
        errorText.deallocate()
    }

    private func check(_ code: CURLcode, _ what: String) throws {
        guard code == CURLE_OK else {
            throw HTTPError(.invalidRequest, request: request.label, detail: "\(what): \(String(cString: curl_easy_strerror(code)))")
        }
    }

    private func setMessage() throws {
        guard request.method.utf8.allSatisfy(HTTPSyntax.isToken), !request.method.isEmpty else {
            throw HTTPError(.invalidRequest, request: request.label, detail: "the method is not a word")
        }
        guard request.url.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f }) else {
            throw HTTPError(.invalidRequest, request: request.label, detail: "the URL has a blank or control character")
        }
        try setURL()
        try check(hpk_curl_set_string(easy, CURLOPT_PROTOCOLS_STR, "http,https"), "protocols")
        if request.redirectLimit > 0 {
            try check(hpk_curl_set_long(easy, CURLOPT_FOLLOWLOCATION, 1), "redirects")
            try check(hpk_curl_set_long(easy, CURLOPT_MAXREDIRS, request.redirectLimit), "redirects")
            let allowed = request.isSecure ? "https" : "http,https"
            try check(hpk_curl_set_string(easy, CURLOPT_REDIR_PROTOCOLS_STR, allowed), "redirects")
        }
        if request.method == "HEAD" {
            try check(hpk_curl_set_long(easy, CURLOPT_NOBODY, 1), "method")
        } else if let body = request.body {
            try check(hpk_curl_set_offset(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count)), "body")
            let code = body.withUnsafeBytes { bytes in
                // COPYPOSTFIELDS with nil would mean "no body"; an empty body still needs an address.
                withUnsafePointer(to: UInt8(0)) { empty in
                    hpk_curl_set_pointer(
                        easy, CURLOPT_COPYPOSTFIELDS,
                        UnsafeMutableRawPointer(mutating: bytes.baseAddress ?? UnsafeRawPointer(empty)))
                }
            }
            try check(code, "body")
        }
        if request.method != "HEAD" { try check(hpk_curl_set_string(easy, CURLOPT_CUSTOMREQUEST, request.method), "method") }
        // No "Expect: 100-continue": it costs a round trip, or a second of waiting.
        try append(&headerList, "Expect:")
        for field in request.headers.fields {
            guard !field.name.isEmpty, field.name.utf8.allSatisfy(HTTPSyntax.isToken), field.value.utf8.allSatisfy(HTTPSyntax.isFieldByte)
            else {
                throw HTTPError(
                    .invalidRequest, request: request.label,
                    detail: "the header field \(field.name.debugDescription) has forbidden characters")
            }
            try append(&headerList, field.value.isEmpty ? "\(field.name);" : "\(field.name): \(field.value)")
        }
        try check(hpk_curl_set_pointer(easy, CURLOPT_HTTPHEADER, headerList), "headers")
    }

    /// libcurl takes the name to verify from the URL: with another server name, the URL gets that name and the connection goes to the
    /// address of the original URL.
    private func setURL() throws {
        guard let name = request.tls.serverName, let (prefix, host, port, rest) = request.urlParts, request.isSecure else {
            return try check(hpk_curl_set_string(easy, CURLOPT_URL, request.url), "URL")
        }
        guard !name.isEmpty, name.utf8.allSatisfy({ HTTPSyntax.isToken($0) }) else {
            throw HTTPError(.invalidRequest, request: request.label, detail: "the TLS server name is not a host name")
        }
        try check(hpk_curl_set_string(easy, CURLOPT_URL, "\(prefix)\(name):\(port)\(rest)"), "URL")
        try append(&connectList, "\(name):\(port):\(host):\(port)")
        try check(hpk_curl_set_pointer(easy, CURLOPT_CONNECT_TO, connectList), "server name")
        try append(&headerList, "Host: \(host):\(port)")
    }

    private func append(_ list: inout UnsafeMutablePointer<curl_slist>?, _ line: String) throws {
        guard let longer = curl_slist_append(list, line) else {
            throw HTTPError(.invalidRequest, request: request.label, detail: "out of memory")
        }
        list = longer
    }

    private func setConnection() throws {
        try check(hpk_curl_set_long(easy, CURLOPT_NOSIGNAL, 1), "signals")
        let mayUseHTTP2 = request.allowsHTTP2 && request.isSecure
        let version = mayUseHTTP2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1
        try check(hpk_curl_set_long(easy, CURLOPT_HTTP_VERSION, Int(version)), "HTTP version")
        // Wait for a connection that can be shared rather than open one per request of a burst.
        if mayUseHTTP2 { try check(hpk_curl_set_long(easy, CURLOPT_PIPEWAIT, 1), "multiplexing") }
        if request.needsFreshConnection { try check(hpk_curl_set_long(easy, CURLOPT_FRESH_CONNECT, 1), "connection") }
        try check(hpk_curl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, request.connectTimeout.milliseconds), "time-out")
        if let timeout = request.timeout { try check(hpk_curl_set_long(easy, CURLOPT_TIMEOUT_MS, timeout.milliseconds), "time-out") }
        if let idle = request.idleTimeout {
            try check(hpk_curl_set_long(easy, CURLOPT_LOW_SPEED_LIMIT, 1), "idle time-out")
            try check(hpk_curl_set_long(easy, CURLOPT_LOW_SPEED_TIME, max(1, idle.milliseconds / 1000)), "idle time-out")
        }
        try check(hpk_curl_set_long(easy, CURLOPT_TCP_KEEPALIVE, 1), "keep-alive")
        try check(hpk_curl_set_long(easy, CURLOPT_TCP_KEEPIDLE, 15), "keep-alive")
        try check(hpk_curl_set_long(easy, CURLOPT_TCP_KEEPINTVL, 5), "keep-alive")
        try check(hpk_curl_set_long(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1), "proxy")
        if let proxy = request.proxy { try check(hpk_curl_set_string(easy, CURLOPT_PROXY, proxy), "proxy") }
        if request.isLoopback { try check(hpk_curl_set_string(easy, CURLOPT_NOPROXY, "*"), "proxy") }
    }

    private func setTLS() throws {
        let tls = request.tls
        try check(hpk_curl_set_long(easy, CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2)), "TLS version")
        if tls.skipsVerification {
            try check(hpk_curl_set_long(easy, CURLOPT_SSL_VERIFYPEER, 0), "verification")
            try check(hpk_curl_set_long(easy, CURLOPT_SSL_VERIFYHOST, 0), "verification")
        }
        func set(_ option: CURLoption, _ pem: Data?, _ what: String) throws {
            guard let pem else { return }
            try check(pem.withUnsafeBytes { hpk_curl_set_blob(easy, option, $0.baseAddress, $0.count) }, what)
        }
        if let authority = tls.certificateAuthority {
            try set(CURLOPT_CAINFO_BLOB, authority, "certificate authority")
            // Only this authority: not those of the system's folder.
            try check(hpk_curl_set_string(easy, CURLOPT_CAPATH, nil), "certificate authority")
        }
        try set(CURLOPT_SSLCERT_BLOB, tls.clientCertificate, "client certificate")
        try set(CURLOPT_SSLKEY_BLOB, tls.clientKey, "client key")
    }

    private func setCallbacks() {
        let context = Unmanaged.passUnretained(self).toOpaque()
        _ = hpk_curl_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText)
        _ = hpk_curl_set_pointer(easy, CURLOPT_WRITEDATA, context)
        _ = hpk_curl_set_data_callback(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            guard let context else { return 0 }
            return Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().receive(
                UnsafeRawBufferPointer(start: bytes, count: size * count))
        }
        _ = hpk_curl_set_pointer(easy, CURLOPT_HEADERDATA, context)
        _ = hpk_curl_set_data_callback(easy, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            guard let context else { return 0 }
            Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().receiveHeader(
                UnsafeRawBufferPointer(start: bytes, count: size * count))
            return size * count
        }
        _ = hpk_curl_set_socket_callback(easy) { _, descriptor, _ in
            DeadPeerDetection.configure(descriptor)
            return CURL_SOCKOPT_OK
        }
    }

    private func receive(_ bytes: UnsafeRawBufferPointer) -> Int {
        switch channel.offer(bytes) {
        case .taken: bytes.count
        case .pause: hpk_curl_write_pause
        // Fewer bytes than offered: libcurl ends the transfer.
        case .abort: bytes.isEmpty ? 1 : 0
        }
    }

    private func receiveHeader(_ bytes: UnsafeRawBufferPointer) {
        switch HTTPHeaderLine(bytes) {
        case .status(let code):
            // A new block: an interim response or a redirect came before.
            status = code
            headers = HTTPHeaders()
        case .end:
            let isRedirect = request.redirectLimit > 0 && (300..<400).contains(status) && headers["Location"] != nil
            if status >= 200, !isRedirect { channel.deliver(TransferChannel.Head(status: status, headers: headers)) }
        case .field(let name, let value): headers.add(name, value)
        case .other: break
        }
    }

    /// Hands the end of the transfer to the reader.
    func complete(_ code: CURLcode) {
        guard code != CURLE_OK else { return channel.finish(.success(())) }
        let words = String(cString: errorText)
        var sent = 0
        _ = hpk_curl_get_long(easy, CURLINFO_REQUEST_SIZE, &sent)
        channel.finish(
            .failure(
                HTTPError(
                    CurlFailure.kind(of: code, requestWasSent: sent > 0), request: request.label,
                    detail: words.isEmpty ? String(cString: curl_easy_strerror(code)) : words)))
    }
}
