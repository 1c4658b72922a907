import Glibc
import PodSupervisor

exit(Command.run(CommandLine.arguments))
