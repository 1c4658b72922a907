/// The place of one value in the output, as `Encodable` code sees it.
final class JSONValueEncoder: Encoder {
    private let output: JSONOutput
    /// The object or list that the value is; asked for again, the same one is given.
    private var position: JSONOutput.Position?

    init(output: JSONOutput) { self.output = output }

    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    private func open(isObject: Bool) -> JSONOutput.Position {
        if let position { return position }
        let opened = output.open(isObject: isObject)
        position = opened
        return opened
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        KeyedEncodingContainer(JSONMemberWriter<Key>(output: output, position: open(isObject: true)))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer { JSONItemWriter(output: output, position: open(isObject: false)) }
    func singleValueContainer() -> any SingleValueEncodingContainer { JSONLeafWriter(output: output) }
}

private struct JSONMemberWriter<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let output: JSONOutput
    let position: JSONOutput.Position

    var codingPath: [any CodingKey] { [] }

    private func begin(_ key: some CodingKey) { output.begin(position, key: key) }

    func encodeNil(forKey key: Key) throws {
        begin(key)
        output.writeNull()
    }

    func encode(_ value: Bool, forKey key: Key) throws {
        begin(key)
        output.writeBool(value)
    }

    func encode(_ value: String, forKey key: Key) throws {
        begin(key)
        output.writeString(value)
    }

    func encode(_ value: Double, forKey key: Key) throws {
        begin(key)
        try output.writeNumber(value)
    }

    func encode(_ value: Float, forKey key: Key) throws {
        begin(key)
        try output.writeNumber(value)
    }

    private func integer(_ value: some FixedWidthInteger, _ key: Key) {
        begin(key)
        output.writeInteger(value)
    }

    func encode(_ value: Int, forKey key: Key) throws { integer(value, key) }
    func encode(_ value: Int8, forKey key: Key) throws { integer(value, key) }
    func encode(_ value: Int16, forKey key: Key) throws { integer(value, key) }
    func encode(_ value: Int32, forKey key: Key) throws { integer(value, key) }
    func encode(_ value: Int64, forKey key: Key) throws { integer(value, key) }
    func encode(_ value: UInt, forKey key: Key) throws { integer(value, key) }
    func encode(_ value: UInt8, forKey key: Key) throws { integer(value, key) }
    func encode(_ value: UInt16, forKey key: Key) throws { integer(value, key) }
    func encode(_ value: UInt32, forKey key: Key) throws { integer(value, key) }
    func encode(_ value: UInt64, forKey key: Key) throws { integer(value, key) }

    func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
        begin(key)
        try output.write(value)
    }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) -> KeyedEncodingContainer<Nested> {
        begin(key)
        return KeyedEncodingContainer(JSONMemberWriter<Nested>(output: output, position: output.open(isObject: true)))
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        begin(key)
        return JSONItemWriter(output: output, position: output.open(isObject: false))
    }

    func superEncoder() -> any Encoder {
        begin(JSONPathKey(stringValue: "super"))
        return JSONValueEncoder(output: output)
    }

    func superEncoder(forKey key: Key) -> any Encoder {
        begin(key)
        return JSONValueEncoder(output: output)
    }
}

private struct JSONItemWriter: UnkeyedEncodingContainer {
    let output: JSONOutput
    let position: JSONOutput.Position
    private(set) var count = 0

    init(output: JSONOutput, position: JSONOutput.Position) {
        self.output = output
        self.position = position
    }

    var codingPath: [any CodingKey] { [] }

    private mutating func begin() {
        output.begin(position)
        count += 1
    }

    mutating func encodeNil() throws {
        begin()
        output.writeNull()
    }

    mutating func encode(_ value: Bool) throws {
        begin()
        output.writeBool(value)
    }

    mutating func encode(_ value: String) throws {
        begin()
        output.writeString(value)
    }

    mutating func encode(_ value: Double) throws {
        begin()
        try output.writeNumber(value)
    }

    mutating func encode(_ value: Float) throws {
        begin()
        try output.writeNumber(value)
    }

    private mutating func integer(_ value: some FixedWidthInteger) {
        begin()
        output.writeInteger(value)
    }

    mutating func encode(_ value: Int) throws { integer(value) }
    mutating func encode(_ value: Int8) throws { integer(value) }
    mutating func encode(_ value: Int16) throws { integer(value) }
    mutating func encode(_ value: Int32) throws { integer(value) }
    mutating func encode(_ value: Int64) throws { integer(value) }
    mutating func encode(_ value: UInt) throws { integer(value) }
    mutating func encode(_ value: UInt8) throws { integer(value) }
    mutating func encode(_ value: UInt16) throws { integer(value) }
    mutating func encode(_ value: UInt32) throws { integer(value) }
    mutating func encode(_ value: UInt64) throws { integer(value) }

    mutating func encode<T: Encodable>(_ value: T) throws {
        begin()
        try output.write(value)
    }

    mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
        begin()
        return KeyedEncodingContainer(JSONMemberWriter<Nested>(output: output, position: output.open(isObject: true)))
    }

    mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
        begin()
        return JSONItemWriter(output: output, position: output.open(isObject: false))
    }

    mutating func superEncoder() -> any Encoder {
        begin()
        return JSONValueEncoder(output: output)
    }
}

private struct JSONLeafWriter: SingleValueEncodingContainer {
    let output: JSONOutput

    var codingPath: [any CodingKey] { [] }

    func encodeNil() throws { output.writeNull() }
    func encode(_ value: Bool) throws { output.writeBool(value) }
    func encode(_ value: String) throws { output.writeString(value) }
    func encode(_ value: Double) throws { try output.writeNumber(value) }
    func encode(_ value: Float) throws { try output.writeNumber(value) }
    func encode(_ value: Int) throws { output.writeInteger(value) }
    func encode(_ value: Int8) throws { output.writeInteger(value) }
    func encode(_ value: Int16) throws { output.writeInteger(value) }
    func encode(_ value: Int32) throws { output.writeInteger(value) }
    func encode(_ value: Int64) throws { output.writeInteger(value) }
    func encode(_ value: UInt) throws { output.writeInteger(value) }
    func encode(_ value: UInt8) throws { output.writeInteger(value) }
    func encode(_ value: UInt16) throws { output.writeInteger(value) }
    func encode(_ value: UInt32) throws { output.writeInteger(value) }
    func encode(_ value: UInt64) throws { output.writeInteger(value) }
    func encode<T: Encodable>(_ value: T) throws { try output.write(value) }
}
