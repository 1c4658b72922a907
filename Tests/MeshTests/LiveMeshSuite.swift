import Glibc
import Testing

/// Parent of every suite that makes network namespaces: one after the other, since some look at the threads of all legs.
@Suite(.serialized, .enabled(if: geteuid() == 0, "makes network namespaces: run as root"), .timeLimit(.minutes(2)))
enum LiveMeshSuite {}
