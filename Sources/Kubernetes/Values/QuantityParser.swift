/// Reads the text form of a quantity: sign, digits with an optional point, then one suffix or exponent.
enum QuantityParser {
    static func parse(_ text: String) -> Quantity? {
        var bytes = text.utf8[...]
        var isNegative = false
        if let sign = bytes.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
            isNegative = sign == UInt8(ascii: "-")
            bytes = bytes.dropFirst()
        }
        guard let mantissa = Mantissa(&bytes) else { return nil }
        guard let scale = Scale(String(Substring(bytes))) else { return nil }
        return Quantity(nanos: mantissa.nanos(scale) * (isNegative ? -1 : 1), format: scale.format)
    }

    /// The digits: `significand × 10^exponent`, and whether digits beyond what is kept were lost.
    private struct Mantissa {
        /// At most 10²⁰, so that the product with 2⁶⁰ stays within 128 bits.
        var significand: Int128 = 0
        var exponent = 0
        var isInexact = false

        init?(_ bytes: inout Substring.UTF8View) {
            var digits = 0
            var isFraction = false
            while let byte = bytes.first {
                if byte == UInt8(ascii: "."), !isFraction {
                    isFraction = true
                } else if (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
                    digits += 1
                    let digit = Int128(byte - UInt8(ascii: "0"))
                    if significand < 10_000_000_000_000_000_000 {
                        significand = significand * 10 + digit
                        if isFraction { exponent -= 1 }
                    } else {
                        if digit != 0 { isInexact = true }
                        if !isFraction { exponent += 1 }
                    }
                } else {
                    break
                }
                bytes = bytes.dropFirst()
            }
            guard digits > 0 else { return nil }
        }

        /// The amount in 10⁻⁹, rounded up, capped.
        func nanos(_ scale: Scale) -> Int128 {
            guard significand > 0 else { return 0 }
            var power = exponent + scale.decimalExponent + 9
            var number = significand
            // Kubernetes rounds each multiplication by 1024 exactly; 10²⁰ × 2⁶⁰ is below 2¹²⁷.
            number <<= Int128(scale.binaryExponent)
            while power > 0 {
                let (product, overflow) = number.multipliedReportingOverflow(by: 10)
                guard !overflow, product <= Quantity.largest else { return Quantity.largest }
                number = product
                power -= 1
            }
            var isInexact = self.isInexact
            while power < 0, number > 0 {
                if number % 10 != 0 { isInexact = true }
                number /= 10
                power += 1
            }
            return isInexact ? number + 1 : number
        }
    }

    /// What comes after the digits.
    private struct Scale {
        var decimalExponent = 0
        var binaryExponent = 0
        var format = Quantity.Format.decimalSI

        init?(_ suffix: String) {
            switch suffix {
            case "n": decimalExponent = -9
            case "u": decimalExponent = -6
            case "m": decimalExponent = -3
            case "": break
            case "k": decimalExponent = 3
            case "M": decimalExponent = 6
            case "G": decimalExponent = 9
            case "T": decimalExponent = 12
            case "P": decimalExponent = 15
            case "E": decimalExponent = 18
            case "Ki": binaryExponent = 10
            case "Mi": binaryExponent = 20
            case "Gi": binaryExponent = 30
            case "Ti": binaryExponent = 40
            case "Pi": binaryExponent = 50
            case "Ei": binaryExponent = 60
            default:
                guard let mark = suffix.utf8.first, mark == UInt8(ascii: "e") || mark == UInt8(ascii: "E"),
                    let exponent = Int32(suffix.dropFirst())
                else { return nil }
                // Beyond these every amount is either capped or the smallest there is.
                decimalExponent = min(max(Int(exponent), -1000), 1000)
                format = .decimalExponent
            }
            if binaryExponent > 0 { format = .binarySI }
        }
    }
}
