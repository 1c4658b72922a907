/// Maps values to 0...1 and knows where the ticks are.
struct Axis: Equatable {
    let low: Double
    let high: Double
    let logarithmic: Bool
    let ticks: [Double]

    /// A linear axis over `values` (from 0 when `fromZero`), or one of whole decades.
    init(_ values: [Double], logarithmic: Bool = false, fromZero: Bool = true) {
        self.logarithmic = logarithmic
        let finite = values.filter { $0.isFinite && (!logarithmic || $0 > 0) }
        let least = finite.min() ?? (logarithmic ? 1 : 0)
        let greatest = max(finite.max() ?? 1, least)
        if logarithmic {
            let first = Logarithm.base10(least).rounded(.down)
            let last = max(Logarithm.base10(greatest).rounded(.up), first + 1)
            low = first
            high = last
            ticks = stride(from: first, through: last, by: max(1, ((last - first) / 6).rounded())).map(Logarithm.power10)
        } else {
            let begin = fromZero ? min(0, least) : least
            let span = greatest > begin ? greatest - begin : 1
            let step = Self.step(span / 5)
            low = begin
            high = fromZero ? begin + (span / step).rounded(.up) * step : begin + span
            ticks = stride(from: (begin / step).rounded(.up) * step, through: high + step / 1000, by: step).map { $0 }
        }
    }

    /// The next of 1, 2, 5, 10, … times a power of ten.
    static func step(_ rough: Double) -> Double {
        let power = Logarithm.power10(Logarithm.base10(rough).rounded(.down))
        for factor in [1.0, 2, 5] where rough <= factor * power { return factor * power }
        return 10 * power
    }

    /// 0 at the low end, 1 at the high end; values outside stay at the ends.
    func place(_ value: Double) -> Double {
        let scaled = logarithmic ? (value > 0 ? Logarithm.base10(value) : low) : value
        return min(max((scaled - low) / (high - low), 0), 1)
    }
}
