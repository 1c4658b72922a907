import Testing

@testable import Slurm
