/// The parts of a SIF file that a start needs (SIF format of `github.com/apptainer/sif`, `pkg/sif`: header of 128 bytes, descriptors of 585).
struct SIFHeader: Sendable, Equatable {
    /// A stretch of the file.
    struct Object: Sendable, Equatable {
        var kind: Int32
        var offset: UInt64
        var size: UInt64
        /// `fsType` and `partType` of a partition, else 0.
        var fileSystem: Int32
        var partition: Int32
    }

    static let size = 128
    static let descriptorSize = 585
    /// No SIF that Apptainer writes has more than 48 descriptors unless it was told to.
    static let descriptorLimit: UInt64 = 4096

    /// Where the descriptors are, from the first 128 bytes.
    struct Table: Sendable, Equatable {
        var offset: UInt64
        var length: UInt64
    }

    /// - Throws: ``Malformed`` for whatever is no SIF, or one whose table cannot be.
    static func table(_ header: [UInt8], fileSize: UInt64) throws(Malformed) -> Table {
        guard header.count >= size, Array(header[32..<42]) == Array("SIF_MAGIC\0".utf8) else {
            throw Malformed(description: "the file is not a SIF image")
        }
        let total = integer(header, at: 88)
        let offset = integer(header, at: 96)
        guard total > 0, total <= descriptorLimit, offset <= fileSize, total * UInt64(descriptorSize) <= fileSize - offset else {
            throw Malformed(description: "the SIF image's table of contents lies outside the file")
        }
        return Table(offset: offset, length: total * UInt64(descriptorSize))
    }

    /// The objects in use. Those that would reach beyond the file are refused: a SIF cut short is found here, not by a container.
    static func objects(_ table: [UInt8], fileSize: UInt64) throws(Malformed) -> [Object] {
        var objects: [Object] = []
        for start in stride(from: 0, to: table.count - descriptorSize + 1, by: descriptorSize) where table[start + 4] != 0 {
            let object = Object(
                kind: Int32(truncatingIfNeeded: integer(table, at: start, bytes: 4)), offset: integer(table, at: start + 17),
                size: integer(table, at: start + 25), fileSystem: Int32(truncatingIfNeeded: integer(table, at: start + 201, bytes: 4)),
                partition: Int32(truncatingIfNeeded: integer(table, at: start + 205, bytes: 4)))
            guard object.offset <= fileSize, object.size <= fileSize - object.offset else {
                throw Malformed(description: "the SIF image is cut short")
            }
            objects.append(object)
        }
        return objects
    }

    struct Malformed: Error, Sendable, Equatable, CustomStringConvertible {
        var description: String
    }

    private static func integer(_ bytes: [UInt8], at offset: Int, bytes count: Int = 8) -> UInt64 {
        (0..<count).reversed().reduce(0) { $0 << 8 | UInt64(bytes[offset + $1]) }
    }
}

extension SIFHeader.Object {
    /// `DataPartition` whose type is `PartPrimSys` and whose file system is squashfs: the image's root.
    var isRootFileSystem: Bool { kind == 0x4004 && partition == 2 && fileSystem == 1 }
    /// `DataGenericJSON`.
    var isJSON: Bool { kind == 0x4006 }
}
