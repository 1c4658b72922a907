import Foundation
import Testing

@testable import Kubernetes

@Suite("Quantities")
struct QuantityTests {
    @Test(
        "are read in every form of the API and written in the canonical one",
        arguments: [
            ("0", "0", 0, 0), ("1", "1", 1, 1000), ("100m", "100m", 1, 100), ("1500m", "1500m", 2, 1500), ("0.5", "500m", 1, 500),
            (".5", "500m", 1, 500), ("5.", "5", 5, 5000), ("+2", "2", 2, 2000), ("-2", "-2", -2, -2000), ("-0.1", "-100m", -1, -100),
            ("1k", "1k", 1000, 1_000_000), ("1000", "1k", 1000, 1_000_000), ("1M", "1M", 1_000_000, 1_000_000_000),
            ("1G", "1G", 1_000_000_000, 1_000_000_000_000), ("1T", "1T", 1_000_000_000_000, 1_000_000_000_000_000),
            ("1P", "1P", 1_000_000_000_000_000, 1_000_000_000_000_000_000), ("1E", "1E", 1_000_000_000_000_000_000, .max),
            ("1Ki", "1Ki", 1024, 1_024_000), ("1Mi", "1Mi", 1_048_576, 1_048_576_000), ("1Gi", "1Gi", 1_073_741_824, 1_073_741_824_000),
            ("1Ti", "1Ti", 1_099_511_627_776, 1_099_511_627_776_000), ("1Pi", "1Pi", 1_125_899_906_842_624, 1_125_899_906_842_624_000),
            ("1Ei", "1Ei", 1_152_921_504_606_846_976, .max), ("1.5Gi", "1536Mi", 1_610_612_736, 1_610_612_736_000),
            ("1024Ki", "1Mi", 1_048_576, 1_048_576_000), ("1000Ki", "1000Ki", 1_024_000, 1_024_000_000), ("0.5Ki", "512", 512, 512_000),
            ("1e3", "1e3", 1000, 1_000_000), ("1E3", "1e3", 1000, 1_000_000), ("12e-3", "12e-3", 1, 12), ("1e0", "1", 1, 1000),
            ("1u", "1u", 1, 1), ("1n", "1n", 1, 1), ("0.1n", "1n", 1, 1), ("-0.1n", "-1n", -1, -1),
            ("1.0000000001", "1000000001n", 2, 1001),
            ("9223372036854775807", "9223372036854775807", .max, .max), ("9223372036854775808", "9223372036854775807", .max, .max),
            ("-9223372036854775809", "-9223372036854775807", -.max, .min), ("100E", "9223372036854775807", .max, .max),
            ("1e1000", "9223372036854775807", .max, .max), ("1e-1000", "1e-9", 1, 1), ("0e1000", "0", 0, 0),
            ("8Ei", "9223372036854775807", .max, .max),
            ("99999999999999999999999999999999999999999999", "9223372036854775807", .max, .max),
            ("0.00000000000000000000000000000000000000000001", "1n", 1, 1), ("0000000000000000000000000000000000001", "1", 1, 1000),
            ("1.000000000000000000000000000000000000", "1", 1, 1000),
        ] as [(String, String, Int64, Int64)])
    func reading(text: String, canonical: String, value: Int64, milli: Int64) throws {
        let quantity = try #require(Quantity(text))
        #expect(quantity.description == canonical)
        #expect(quantity.value == value)
        #expect(quantity.milliValue == milli)
        #expect(Quantity(canonical) == quantity)
    }

    @Test(
        "anything else is no quantity",
        arguments: [
            "", " ", "m", "Gi", "-", "+", ".", "1 Gi", "1gi", "1K", "1KI", "1mm", "1e", "1e1.5", "e3", "1e99999999999", "--1", "1.2.3",
            "0x10", "١", "1Gi ", "NaN", "inf", "1\u{0}",
        ])
    func refusing(text: String) {
        #expect(Quantity(text) == nil)
    }

    @Test("equal amounts are equal however they are written, and sums are capped")
    func arithmetic() throws {
        let gibi = try #require(Quantity("1Gi"))
        #expect(gibi == Quantity(1_073_741_824))
        #expect(Set([gibi, Quantity(1_073_741_824)]).count == 1)
        #expect(Quantity(milli: 1500) < Quantity(2))
        #expect((Quantity(.max) + Quantity(.max)).value == .max)
        #expect((Quantity(-.max) - Quantity(.max)).value == -.max)
        #expect((Quantity.zero + gibi).description == "1Gi")
        #expect(Quantity(.min).value == -.max)
        #expect(Quantity(milli: .min).milliValue == .min)
        #expect(Quantity.zero.isZero && !gibi.isZero)
    }

    @Test("JSON may hold a string or a bare number")
    func decoding() throws {
        let json = Data(#"["1Gi",2,0.5,1e3]"#.utf8)
        #expect(
            try JSONDecoder().decode([Quantity].self, from: json) == [Quantity(1 << 30), Quantity(2), Quantity(milli: 500), Quantity(1000)])
        #expect(String(decoding: try JSONEncoder().encode([Quantity(milli: 100)]), as: UTF8.self) == #"["100m"]"#)
        for bad in [#"["x"]"#, "[true]", "[{}]", "[null]"] {
            #expect(throws: DecodingError.self) { try JSONDecoder().decode([Quantity].self, from: Data(bad.utf8)) }
        }
    }
}
