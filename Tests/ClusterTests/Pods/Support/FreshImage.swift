import Foundation
import Kubernetes
import Testing

/// An image in the development registry that no cache can have.
struct FreshImage {
    let tag: String
    private let configDigest: String
    private let log: String

    /// Puts `busybox:1.35` under a new tag and a new digest.
    init(_ cluster: ClusterEnvironment) throws {
        tag = "fresh-\(UUID().uuidString.lowercased())"
        let script = """
            set -e; cd "$(mktemp -d)"; trap 'rm -rf "$PWD"' EXIT
            base="http://$1/v2/busybox"; type=application/vnd.oci.image.manifest.v1+json
            curl -sf -H "Accept: $type" "$base/manifests/1.35" > manifest
            config=$(tr -d ' \\n' < manifest | sed 's/.*"config":{\\([^}]*\\)}.*/\\1/')
            old=$(echo "$config" | sed 's/.*"digest":"\\([^"]*\\)".*/\\1/'); size=$(echo "$config" | sed 's/.*"size":\\([0-9]*\\).*/\\1/')
            curl -sf "$base/blobs/$old" | sed "s/HPK development cluster/$2/" > config
            new="sha256:$(sha256sum config | cut -d' ' -f1)"; test "$new" != "$old"
            place=$(curl -sf -X POST -D - -o answer "$base/blobs/uploads/" | tr -d '\\r' | sed -n 's/^[Ll]ocation: //p')
            case $place in http*) ;; *) place="http://$1$place" ;; esac
            case $place in *\\?*) place="$place&digest=$new" ;; *) place="$place?digest=$new" ;; esac
            curl -sf -X PUT -H 'Content-Type: application/octet-stream' --data-binary @config "$place" > answer
            tr -d ' \\n' < manifest | sed "s/$old/$new/; s/\\"size\\":$size/\\"size\\":$(wc -c < config)/" > changed
            curl -sf -X PUT -H "Content-Type: $type" --data-binary @changed "$base/manifests/$2" > answer
            echo "$new"
            """
        let result = try Command.run("/bin/sh", ["-c", script, "sh", cluster.registry, tag])
        try #require(result.status == 0, "the image was not pushed: \(result.error) \(result.output)")
        configDigest = result.output.trimmingCharacters(in: .whitespacesAndNewlines)
        log = "\(cluster["HPK_LOG_DIR"])/registry.log"
    }

    /// How often Apptainer, which pulls, has read the image's configuration, by the registry's own log.
    func pulls() throws -> Int {
        try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").count {
            $0.contains("\"GET /v2/busybox/blobs/\(configDigest) ") && $0.contains("go-containerregistry")
        }
    }
}
