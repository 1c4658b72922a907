import Testing

@testable import HPKKubelet

@Suite struct AccountDatabaseTests {
    static let database = AccountDatabase(
        passwd: Array(
            """
            # comment
            root:x:0:0:root:/root:/bin/sh
            web:x:101:102:Web:/srv:/bin/sh
            garbage
            :x:5:5::/:
            minus:x:-1:5::/:
            huge:x:99999999999:5::/:
            web:x:900:900:a second one:/:
            +nis
            short:x:7:8
            nohome:x:9:9::relative:
            """.utf8) + [0xff, 0xfe, 0x0a],
        group: Array("root:x:0:\nweb:x:102:web\nextra:x:200:web,root,\nmore:x:150:web\nbad:x:z:web\nlone:x:300".utf8))

    @Test("Lines that are no accounts are skipped")
    func tolerance() {
        #expect(Self.database.accounts.map(\.name) == ["root", "web", "web", "short", "nohome"])
        #expect(Self.database.accounts[1] == ImageUser(name: "web", user: 101, group: 102, supplementaryGroups: [150, 200], home: "/srv"))
        #expect(Self.database.accounts[4].home == nil)
    }

    @Test(
        "A user of an image is resolved as the container runtimes do",
        arguments: [
            ("web", 101, 102, [150, 200]), ("101", 101, 102, [150, 200]), ("4000", 4000, 0, []), ("4000:5000", 4000, 5000, []),
            ("web:extra", 101, 200, []), ("web:7", 101, 7, []), ("0:web", 0, 102, []), ("web:", 101, 102, [150, 200]), ("", 0, 0, [200]),
            (":extra", 0, 200, []), ("0", 0, 0, [200]),
        ] as [(String, UInt32, UInt32, [UInt32])])
    func resolution(text: String, user: UInt32, group: UInt32, supplementary: [UInt32]) throws {
        let found = try Self.database.resolve(text)
        #expect(found.user == user && found.group == group && found.supplementaryGroups == supplementary)
    }

    @Test(
        "Who is not there is named",
        arguments: [
            ("nobody", "\"nobody\""), ("web:ghosts", "\"ghosts\""), ("-1", "\"-1\""), ("4294967296", "\"4294967296\""), ("a:b:c", "\"a\""),
        ])
    func unknown(text: String, named: String) {
        let error = #expect(throws: UnknownAccount.self) { try Self.database.resolve(text) }
        #expect(error?.description.contains(named) == true)
    }

    @Test("An image whose user is unknown fails only a pod that needs it")
    func startUser() throws {
        var record = ImageRecord(path: "/x", reference: "x", imageID: "x", configuration: ImageConfiguration(user: "ghost"))
        let error = #expect(throws: ImageError.self) { try record.startUser() }
        #expect(
            error?.description == #"Failed to inspect image "x": the image's user "ghost" is not in its own /etc/passwd and /etc/group"#)
        record.configuration.user = nil
        #expect(try record.startUser() == ImageUser(user: 0, group: 0))
    }
}
