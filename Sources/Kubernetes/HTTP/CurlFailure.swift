import CCurl

/// What libcurl's codes mean to a caller who has to decide whether to try again (libcurl-errors(3)).
enum CurlFailure {
    static func kind(of code: CURLcode, requestWasSent: Bool) -> HTTPError.Kind {
        switch code {
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CIPHER, CURLE_SSL_CRL_BADFILE,
            CURLE_SSL_ISSUER_ERROR, CURLE_SSL_ENGINE_NOTFOUND, CURLE_SSL_PINNEDPUBKEYNOTMATCH:
            .tls
        // The same code says that the answer is not HTTP.
        case CURLE_UNSUPPORTED_PROTOCOL: requestWasSent ? .connectionLost : .invalidRequest
        case CURLE_URL_MALFORMAT, CURLE_BAD_FUNCTION_ARGUMENT, CURLE_NOT_BUILT_IN, CURLE_OUT_OF_MEMORY,
            CURLE_TOO_MANY_REDIRECTS:
            .invalidRequest
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT: .unreachable
        case _ where !requestWasSent: .unreachable
        case CURLE_OPERATION_TIMEDOUT: .timeout
        default: .connectionLost
        }
    }
}
