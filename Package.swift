// swift-tools-version: 6.1
import PackageDescription

let package = Package(
    name: "hpk",
    products: [
        .executable(name: "hpk-kubelet", targets: ["hpk-kubelet"]),
        .executable(name: "hpk-pod", targets: ["hpk-pod"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.0"),
    ],
    targets: [
        // System libraries: Debian's libslurm-dev, libcurl4-openssl-dev, libssl-dev, libyaml-dev.
        .systemLibrary(name: "CSlurm", providers: [.apt(["libslurm-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        // What must run between fork and exec, in C because no Swift code may run there.
        .target(name: "CSandbox"),
        // TUN devices and UDP's segmentation offloads, whose interfaces Swift does not import.
        .target(name: "CMesh"),

        .target(name: "Slurm", dependencies: ["CSlurm", .product(name: "Logging", package: "swift-log")]),
        .target(
            name: "Kubernetes",
            dependencies: ["CCurl", "CYAML", "COpenSSL", "JSONCoding", .product(name: "Logging", package: "swift-log")]),
        // Both JSON coders: agent and supervisor spend much of their time per pod on JSON.
        .target(name: "JSONCoding"),
        .target(name: "PodProtocol", dependencies: ["JSONCoding"]),
        .target(name: "Mesh", dependencies: ["CMesh", "COpenSSL"]),
        .target(name: "PodSupervisor", dependencies: ["PodProtocol", "CSandbox", "COpenSSL"]),
        .target(
            name: "HPKKubelet",
            dependencies: [
                "Slurm", "Kubernetes", "PodProtocol", "JSONCoding", "COpenSSL",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Subprocess", package: "swift-subprocess"),
            ]),

        .executableTarget(
            name: "hpk-kubelet",
            dependencies: ["HPKKubelet", .product(name: "ArgumentParser", package: "swift-argument-parser")]),
        .executableTarget(name: "hpk-pod", dependencies: ["PodSupervisor"]),

        // Measurements: C for them, what is measured, the command, and the plain C program that the Slurm library is held against.
        .target(name: "CBench"),
        .target(
            name: "HPKBench",
            dependencies: [
                "CBench", "CMesh", "Mesh", "Slurm", "Kubernetes", "PodProtocol", .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]),
        .executableTarget(
            name: "hpk-bench",
            dependencies: ["HPKBench", "Slurm", .product(name: "ArgumentParser", package: "swift-argument-parser")]),
        .executableTarget(name: "hpk-bench-c", dependencies: ["CBench"], linkerSettings: [.linkedLibrary("slurm")]),

        .testTarget(name: "MeshTests", dependencies: ["Mesh", "CMesh", "HPKBench"]),
        .testTarget(name: "HPKBenchTests", dependencies: ["HPKBench"]),
        .testTarget(name: "SlurmTests", dependencies: ["Slurm"]),
        .testTarget(name: "JSONCodingTests", dependencies: ["JSONCoding", "Kubernetes"]),
        .testTarget(name: "KubernetesTests", dependencies: ["Kubernetes"]),
        .testTarget(name: "PodProtocolTests", dependencies: ["PodProtocol"]),
        .testTarget(name: "PodSupervisorTests", dependencies: ["PodSupervisor"]),
        .testTarget(name: "HPKKubeletTests", dependencies: ["HPKKubelet", "hpk-kubelet"]),
        .testTarget(name: "ClusterTests", dependencies: ["Slurm", "Kubernetes", "PodProtocol", "HPKKubelet"]),
    ],
    swiftLanguageModes: [.v6]
)
