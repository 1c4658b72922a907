import Foundation
import JSONCoding

/// All objects of a selection, as of one version.
public struct ObjectList<T: KubernetesResource>: Sendable {
    /// The objects.
    public var objects: [Snapshot<T>] = []
    /// Objects that could not be decoded.
    public var undecodable: [UndecodableObject] = []
    /// Version of the list: where a watch begins.
    public var resourceVersion = ""
    /// Token of the next page; empty on the last one.
    var continueToken = ""
}

extension KubernetesClient {
    /// Lists in pages until all is there. When the server forgets the list's version on the way (410), the list begins anew.
    public func list<T: KubernetesResource>(
        _ type: T.Type, _ selection: Selection = Selection(), pageSize: Int = 500
    ) async throws -> ObjectList<T> {
        var restarts = 0
        while true {
            do {
                return try await listOnce(type, selection, pageSize: pageSize)
            } catch let error as KubernetesError where error.isGone && restarts < 3 {
                restarts += 1
                logger.debug("the list's version is gone, listing anew", metadata: ["kind": "\(T.descriptor.kind)"])
            }
        }
    }

    private func listOnce<T: KubernetesResource>(
        _ type: T.Type, _ selection: Selection, pageSize: Int
    ) async throws -> ObjectList<T> {
        var list = ObjectList<T>()
        repeat {
            let page = try await page(type, selection, pageSize: pageSize, continueToken: list.continueToken)
            list.objects += page.objects
            list.undecodable += page.undecodable
            list.resourceVersion = page.resourceVersion
            list.continueToken = page.continueToken
        } while !list.continueToken.isEmpty
        return list
    }

    private func page<T: KubernetesResource>(
        _ type: T.Type, _ selection: Selection, pageSize: Int, continueToken: String
    ) async throws -> ObjectList<T> {
        var request = APIRequest("GET", T.descriptor.path(namespace: selection.namespace), query: selection.query)
        request.query.append(("limit", String(max(1, pageSize))))
        if !continueToken.isEmpty { request.query.append(("continue", continueToken)) }
        request.timeout = .seconds(60)
        let body = try await send(request).body
        do {
            return try Self.decodePage(body)
        } catch {
            throw KubernetesError(
                .unexpectedResponse("the response is not a list: \(UndecodableObject.describe(error))"), operation: request.label)
        }
    }

    static func decodePage<T: KubernetesResource>(_ body: Data) throws -> ObjectList<T> {
        var list = ObjectList<T>()
        // The bytes of a response begin at 0; a slice of other Data might not.
        let body = body.startIndex == 0 ? body : Data(body)
        for (key, range) in try JSONSlicer.members(of: body) {
            switch key {
            case "metadata":
                let metadata = try JSONReader.decode(ListMeta.self, from: body[range])
                list.resourceVersion = metadata.resourceVersion
                list.continueToken = metadata.continue
            case "items":
                for item in try JSONSlicer.items(of: body, in: range) {
                    let raw = Data(body[item])
                    do {
                        list.objects.append(try T.snapshot(of: raw.withUnsafeBytes { try JSONIndex($0) }, known: nil))
                    } catch {
                        list.undecodable.append(UndecodableObject(raw: raw, error: error))
                    }
                }
            default: break
            }
        }
        return list
    }
}
