import Foundation

/// What an image says about itself.
struct ImageContents: Sendable, Equatable {
    /// Nil for folders and for SIF files that were not made from a container image: those start only what the pod's `command` says.
    var configuration: ImageConfiguration?
    var accounts: AccountDatabase
    /// Bytes of the file; 0 for a folder.
    var size: Int64
}

/// Reads images at rest. No container is started and nothing of the image is run.
protocol ImageInspecting: Sendable {
    /// - Parameter path: absolute path of a SIF file or an image folder.
    func inspect(_ path: String) async throws(ImageFault) -> ImageContents
}

/// Reads SIF files by their table of contents, their squashfs by `unsquashfs -cat`, and image folders directly.
struct ImageInspector: ImageInspecting {
    let commands: CommandRunner

    func inspect(_ path: String) async throws(ImageFault) -> ImageContents {
        let kind = try await BlockingWork.run { () throws(ImageFault) in try Self.kind(of: path) }
        switch kind {
        case .folder(let passwd, let group):
            return ImageContents(configuration: nil, accounts: AccountDatabase(passwd: passwd, group: group), size: 0)
        case .sif(let size, let configuration, let squashOffset):
            var accounts = AccountDatabase()
            if let squashOffset {
                let passwd = await read("etc/passwd", of: path, offset: squashOffset)
                accounts = AccountDatabase(passwd: passwd, group: await read("etc/group", of: path, offset: squashOffset))
            }
            return ImageContents(configuration: configuration, accounts: accounts, size: size)
        }
    }

    private enum Kind: Sendable {
        case folder(passwd: [UInt8], group: [UInt8])
        case sif(size: Int64, configuration: ImageConfiguration?, squashOffset: UInt64?)
    }

    private static func kind(of path: String) throws(ImageFault) -> Kind {
        let file = try OpenFile(path)
        if file.isDirectory {
            return .folder(passwd: file.readBelow("etc", "passwd"), group: file.readBelow("etc", "group"))
        }
        guard file.isRegular else { throw ImageFault("it is neither a file nor a folder") }
        let size = UInt64(clamping: file.size)
        do {
            let table = try SIFHeader.table(file.read(offset: 0, count: SIFHeader.size), fileSize: size)
            let objects = try SIFHeader.objects(file.read(offset: table.offset, count: Int(table.length)), fileSize: size)
            guard let root = objects.first(where: \.isRootFileSystem) else {
                throw ImageFault("the SIF image holds no squashfs root file system; encrypted and ext3 images are not supported")
            }
            return .sif(size: file.size, configuration: try configuration(objects, file), squashOffset: root.offset)
        } catch let error as SIFHeader.Malformed {
            throw ImageFault(error.description)
        } catch let error as ImageFault {
            throw error
        } catch {
            throw ImageFault(String(describing: error))
        }
    }

    /// Apptainer stores two JSON objects, its own metadata and the image's OCI configuration; the latter is told by its fields.
    private static func configuration(_ objects: [SIFHeader.Object], _ file: borrowing OpenFile) throws(ImageFault) -> ImageConfiguration? {
        for object in objects where object.isJSON && object.size <= 4 << 20 {
            let data = Data(try file.read(offset: object.offset, count: Int(object.size)))
            guard let fields = try? JSONSerialization.jsonObject(with: data) as? [String: Any],
                !Set(fields.keys).isDisjoint(with: ["Cmd", "Entrypoint", "Env", "WorkingDir", "User"]),
                let decoded = try? JSONDecoder().decode(OCIConfiguration.self, from: data)
            else { continue }
            return decoded.imageConfiguration
        }
        return nil
    }

    /// One small file of the root file system; empty where it is missing or too large. `unsquashfs` never writes with `-cat`.
    private func read(_ name: String, of path: String, offset: UInt64) async -> [UInt8] {
        let arguments = ["-follow-symlinks", "-no-progress", "-processors", "1", "-offset", String(offset), "-cat", path, name]
        guard let output = try? await commands.output(of: "unsquashfs", arguments, limit: AccountDatabase.sizeLimit) else { return [] }
        return output
    }
}
