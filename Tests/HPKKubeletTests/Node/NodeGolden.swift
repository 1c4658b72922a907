enum NodeGolden {
    /// The node object of the samples, as the API server is sent it.
    static let json = """
        {
          "metadata" : {
            "labels" : {
              "kubernetes.io/arch" : "amd64",
              "kubernetes.io/hostname" : "hpk-kubelet",
              "kubernetes.io/os" : "linux",
              "kubernetes.io/role" : "agent",
              "node-role.kubernetes.io/agent" : "",
              "type" : "virtual-kubelet"
            },
            "name" : "hpk-kubelet"
          },
          "spec" : {
            "taints" : [
              {
                "effect" : "NoSchedule",
                "key" : "virtual-kubelet.io/provider",
                "value" : "hpk"
              }
            ],
            "unschedulable" : false
          },
          "status" : {
            "addresses" : [
              {
                "address" : "10.0.0.5",
                "type" : "InternalIP"
              }
            ],
            "allocatable" : {
              "amd.com/gpu" : "2",
              "cpu" : "96",
              "ephemeral-storage" : "100Gi",
              "memory" : "192000Mi",
              "nvidia.com/gpu" : "4",
              "pods" : "10k"
            },
            "capacity" : {
              "amd.com/gpu" : "2",
              "cpu" : "96",
              "ephemeral-storage" : "100Gi",
              "memory" : "192000Mi",
              "nvidia.com/gpu" : "4",
              "pods" : "10k"
            },
            "conditions" : [
              {
                "lastHeartbeatTime" : "2023-11-14T22:13:20Z",
                "lastTransitionTime" : "2023-11-14T22:13:20Z",
                "message" : "Slurm gives each pod the memory that it asks for",
                "reason" : "KubeletHasSufficientMemory",
                "status" : "False",
                "type" : "MemoryPressure"
              },
              {
                "lastHeartbeatTime" : "2023-11-14T22:13:20Z",
                "lastTransitionTime" : "2023-11-14T22:13:20Z",
                "message" : "the working directory's file system has room",
                "reason" : "KubeletHasNoDiskPressure",
                "status" : "False",
                "type" : "DiskPressure"
              },
              {
                "lastHeartbeatTime" : "2023-11-14T22:13:20Z",
                "lastTransitionTime" : "2023-11-14T22:13:20Z",
                "message" : "Slurm limits processes on each compute node",
                "reason" : "KubeletHasSufficientPID",
                "status" : "False",
                "type" : "PIDPressure"
              },
              {
                "lastHeartbeatTime" : "2023-11-14T22:13:20Z",
                "lastTransitionTime" : "2023-11-14T22:13:20Z",
                "message" : "pods use the compute nodes' network",
                "reason" : "SlurmNetwork",
                "status" : "False",
                "type" : "NetworkUnavailable"
              },
              {
                "lastHeartbeatTime" : "2023-11-14T22:13:20Z",
                "lastTransitionTime" : "2023-11-14T22:13:20Z",
                "message" : "cluster demo: 2 nodes usable, 1 not usable",
                "reason" : "SlurmAnswers",
                "status" : "True",
                "type" : "SlurmReachable"
              },
              {
                "lastHeartbeatTime" : "2023-11-14T22:13:20Z",
                "lastTransitionTime" : "2023-11-14T22:13:20Z",
                "message" : "hpk-kubelet is posting ready status",
                "reason" : "KubeletReady",
                "status" : "True",
                "type" : "Ready"
              }
            ],
            "daemonEndpoints" : {
              "kubeletEndpoint" : {
                "Port" : 10250
              }
            },
            "nodeInfo" : {
              "architecture" : "amd64",
              "bootID" : "boot",
              "containerRuntimeVersion" : "apptainer://1.4.5",
              "kernelVersion" : "6.1.0",
              "kubeProxyVersion" : "v1.20.2-hpk-0.1.0",
              "kubeletVersion" : "v1.20.2-hpk-0.1.0",
              "machineID" : "machine",
              "operatingSystem" : "linux",
              "osImage" : "Debian GNU/Linux 12",
              "systemUUID" : "machine"
            }
          }
        }
        """
}
