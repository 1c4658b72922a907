import Testing

@testable import HPKKubelet

@Suite struct ImageNamingTests {
    static let digest = "sha256:" + String(repeating: "0a", count: 32)

    @Test(
        "A name means the same image however it is spelled",
        arguments: [
            ("docker://", "nginx", "docker://docker.io/library/nginx:latest"),
            ("docker://", "nginx:1.25", "docker://docker.io/library/nginx:1.25"),
            ("docker://", "bitnami/nginx", "docker://docker.io/bitnami/nginx:latest"),
            ("docker://", "docker.io/nginx", "docker://docker.io/library/nginx:latest"),
            ("docker://", "index.docker.io/library/nginx", "docker://docker.io/library/nginx:latest"),
            ("docker://", "nginx@" + digest, "docker://docker.io/library/nginx@" + digest),
            ("docker://", "nginx:1.25@" + digest, "docker://docker.io/library/nginx@" + digest),
            ("docker://", "quay.io/a/b/c:t", "docker://quay.io/a/b/c:t"),
            ("docker://", "localhost/x", "docker://localhost/x:latest"),
            ("docker://", "myhost:5000/x:V_1.0-a", "docker://myhost:5000/x:V_1.0-a"),
            ("docker://", "[::1]:5000/x", "docker://[::1]:5000/x:latest"),
            ("docker://", "a--b/c__d/e.f_g", "docker://docker.io/a--b/c__d/e.f_g:latest"),
            ("docker://127.0.0.1:5000/", "nginx", "docker://127.0.0.1:5000/nginx:latest"),
            ("docker://127.0.0.1:5000", "library/nginx:1", "docker://127.0.0.1:5000/library/nginx:1"),
            ("docker://127.0.0.1:5000/mirror/", "nginx", "docker://127.0.0.1:5000/mirror/nginx:latest"),
            ("docker://registry/", "nginx", "docker://registry/nginx:latest"),
            ("docker://127.0.0.1:5000/", "quay.io/x", "docker://quay.io/x:latest"),
            ("docker://127.0.0.1:5000/", "docker://nginx", "docker://docker.io/library/nginx:latest"),
            ("oras://ghcr.io/site/", "tool", "oras://ghcr.io/site/tool:latest"),
            ("docker://", "oras://ghcr.io/site/tool:2", "oras://ghcr.io/site/tool:2"),
            ("library://", "alpine", "library://alpine:latest"),
            ("docker://", "library://sylabs/Tests/busybox:1.0.0", "library://sylabs/Tests/busybox:1.0.0"),
            ("docker://", "library://lib.example.org:443/a/b/c", "library://lib.example.org:443/a/b/c:latest"),
            ("docker://", "/images/a-b_c.sif", "/images/a-b_c.sif"),
        ])
    func spelling(registry: String, image: String, expected: String) throws {
        #expect(try ImageNaming(registry: registry).parse(image).description == expected)
    }

    @Test(
        "A malformed or hostile name is refused",
        arguments: [
            "", " ", "-nginx", "--help", "nginx --fakeroot", "nginx\n", "nginx\0", "\u{1b}[31mx", "nginx;id", "$(id)", "`id`", "a'b",
            "a\"b", "a\\b",
            "../etc/passwd", "a/../b", "..", "./x", "a//b", "a/", "/../x", "/images/../etc", "/images/a b.sif", "/images/a,b",
            "/images/a:b",
            "/images/a'b", "/images/a\nb", "Nginx", "nginx:", "nginx:-x", "nginx:a b", "nginx:../x", "nginx@sha256:12", "nginx@md5:aa",
            "nginx@",
            "nginx@" + digest.uppercased(), "a__-b", "a___b", "a..b", ".a", "a.", "-a/b", "host:99999/x", "host:/x", "-h.x/y", "h-.x/y",
            "user@host/x", "http://x/y", "https://x/y", "shub://a/b", "file:///etc/passwd", "docker-daemon://x", "DOCKER://x", "docker://",
            "docker:///x", "oras://nginx", "library://", "library://a/../b", "library://a b", "library://-a", "library://a/b/c/d/e",
            "[::1/x", "[]/x", "host.x/", "é", "nginx:é", "\u{202e}x", String(repeating: "a", count: 256),
            String(repeating: "/a", count: 3000),
        ])
    func hostile(image: String) throws {
        let error = #expect(throws: ImageError.self) { try ImageNaming.dockerHub.parse(image) }
        #expect(error?.reason == "InvalidImageName")
        let message = error?.description ?? ""
        #expect(message.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f })
        #expect(message.utf8.count < 2000)
    }

    @Test(
        "A registry prefix that spoils every name is refused at once",
        arguments: ["", "nginx", "http://x/", "docker://UPPER/Path/", "docker://a b/", "oras://"])
    func badPrefix(prefix: String) {
        #expect(throws: ImageError.self) { try ImageNaming(registry: prefix) }
    }

    @Test(
        "The policy's default follows the tag",
        arguments: [
            ("nginx", ImagePullPolicy.always), ("nginx:latest", .always), ("nginx:1.25", .ifNotPresent), ("nginx@" + digest, .ifNotPresent),
            ("nginx:latest@" + digest, .ifNotPresent), ("library://a/b/c", .always), ("library://a/b/c:1", .ifNotPresent),
            ("/a.sif", .ifNotPresent),
        ])
    func policy(image: String, expected: ImagePullPolicy) throws {
        #expect(ImagePullPolicy.standard(for: try ImageNaming.dockerHub.parse(image)) == expected)
    }
}
