import Foundation
import Kubernetes

extension ConfigurationFile {
    /// Longest file that is read, in bytes.
    private static let limit = 1 << 20

    /// Reads a file.
    ///
    /// - Parameter currentDirectory: absolute path that a relative one starts from.
    /// - Throws: ``StartupFailure`` when it cannot be read, ``ConfigurationError`` when it holds something else than settings.
    public static func read(_ path: String, currentDirectory: String) throws -> ConfigurationFile {
        let absolute = path.hasPrefix("/") ? path : currentDirectory + "/" + path
        let advice = "Name a readable YAML file with --config or HPK_CONFIG, or leave both out."
        let data: Data
        let descriptor = open(absolute, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        let reason = String(cString: strerror(errno))
        guard descriptor >= 0 else {
            throw StartupFailure(.noInput, problem: "cannot read the configuration file \(absolute): \(reason)", advice: advice)
        }
        do {
            data = try FileHandle(fileDescriptor: descriptor, closeOnDealloc: true).read(upToCount: limit + 1) ?? Data()
        } catch {
            throw StartupFailure(
                .noInput, problem: "cannot read the configuration file \(absolute): \(error.localizedDescription)", advice: advice)
        }
        guard data.count <= limit else {
            throw StartupFailure(.noInput, problem: "the configuration file \(absolute) is longer than 1 MiB", advice: advice)
        }
        return try parse(data, path: absolute)
    }

    /// Reads a file's bytes.
    ///
    /// - Throws: ``ConfigurationError``.
    public static func parse(_ data: Data, path: String) throws(ConfigurationError) -> ConfigurationFile {
        let mapping: FlatMapping
        do throws(FlatMapping.Failure) {
            mapping = try FlatMapping(data)
        } catch {
            throw ConfigurationError(
                problem: "\(error.line > 0 ? "line \(error.line) of " : "")\(path) is not a YAML mapping of settings: \(error.detail)",
                advice: "Write one `name: value` a line, e.g. `kubelet-port: 10350`.")
        }
        var file = ConfigurationFile(path: path, entries: [])
        for member in mapping.members {
            guard let setting = Setting(rawValue: member.name) else {
                throw ConfigurationError(
                    problem: "line \(member.line) of \(path): there is no setting \(String(member.name.prefix(100)).debugDescription)",
                    advice: "Names are those of the flags without dashes in front; see hpk-kubelet run --help.")
            }
            if member.isList && !setting.isList {
                throw ConfigurationError(
                    problem: "line \(member.line) of \(path): \(setting.rawValue) is a list", advice: "Give one value.")
            }
            file.entries.append(Entry(setting: setting, values: member.values, line: member.line))
        }
        return file
    }
}
