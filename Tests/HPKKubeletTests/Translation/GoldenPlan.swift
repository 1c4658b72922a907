extension GoldenPlanTests {
    /// The JSON of the plan that the manifest gives.
    static let plan = #"""
        {
          "apptainer": "apptainer",
          "containers": [
            {
              "capabilities": ["CAP_NET_BIND_SERVICE"],
              "command": [
                {"expands": false, "text": "/entry"},
                {"expands": true, "text": "--user=$(USER)"},
                {"expands": true, "text": "--path=$$(PATH)"}
              ],
              "environment": [
                {"name": "HOSTNAME", "value": {"literal": {"_0": "rich"}}},
                {"name": "HOME", "value": {"literal": {"_0": "/"}}},
                {"name": "PATH", "value": {"literal": {"_0": "/usr/bin"}}},
                {"name": "LANG", "value": {"literal": {"_0": "C"}}},
                {"name": "KUBERNETES_SERVICE_HOST", "value": {"literal": {"_0": "10.0.0.1"}}},
                {"name": "KUBERNETES_SERVICE_PORT", "value": {"literal": {"_0": "6443"}}},
                {"name": "KUBERNETES_SERVICE_PORT_HTTPS", "value": {"literal": {"_0": "6443"}}},
                {"name": "KUBERNETES_PORT", "value": {"literal": {"_0": "tcp://10.0.0.1:6443"}}},
                {"name": "KUBERNETES_PORT_6443_TCP", "value": {"literal": {"_0": "tcp://10.0.0.1:6443"}}},
                {"name": "KUBERNETES_PORT_6443_TCP_PROTO", "value": {"literal": {"_0": "tcp"}}},
                {"name": "KUBERNETES_PORT_6443_TCP_PORT", "value": {"literal": {"_0": "6443"}}},
                {"name": "KUBERNETES_PORT_6443_TCP_ADDR", "value": {"literal": {"_0": "10.0.0.1"}}},
                {"name": "C_color", "value": {"literal": {"_0": "blue"}}},
                {"name": "USER", "value": {"secret": {"key": "creds/user"}}},
                {"name": "POD_IP", "value": {"podAddress": {}}},
                {"name": "URL", "value": {"template": {"_0": "http://$(POD_IP)/$(USER)"}}}
              ],
              "identity": {"group": 3000, "supplementaryGroups": [4000, 2000], "user": 1000},
              "image": "app:1",
              "imageID": "docker://registry/app@sha256:1",
              "imagePath": "/images/a.sif",
              "mounts": [
                {"path": "/etc/app", "readOnly": true, "volume": "conf"},
                {"path": "/creds", "readOnly": false, "volume": "creds"},
                {"path": "/data", "readOnly": false, "subPath": {"expands": true, "text": "$(URL)"}, "volume": "data"},
                {"path": "/var/run/secrets/kubernetes.io/serviceaccount", "readOnly": true, "volume": "api"}
              ],
              "name": "main",
              "noNewPrivileges": true,
              "readOnlyRootFilesystem": true,
              "stdin": false,
              "stdinOnce": false,
              "stopSignal": 3,
              "terminationMessageFallsBackToLogs": false,
              "terminationMessagePath": "/dev/termination-log",
              "tty": false,
              "workingDirectory": "/srv"
            }
          ],
          "fsGroup": 2000,
          "fullyQualifiedName": "rich.back.shop.svc.cluster.local",
          "hostAliases": [{"address": "192.0.2.7", "hostnames": ["db", "db.example"]}],
          "hostname": "rich",
          "initContainers": [
            {
              "capabilities": [
                "CAP_AUDIT_WRITE",
                "CAP_CHOWN",
                "CAP_DAC_OVERRIDE",
                "CAP_FOWNER",
                "CAP_FSETID",
                "CAP_KILL",
                "CAP_MKNOD",
                "CAP_NET_BIND_SERVICE",
                "CAP_NET_RAW",
                "CAP_SETFCAP",
                "CAP_SETGID",
                "CAP_SETPCAP",
                "CAP_SETUID",
                "CAP_SYS_CHROOT"
              ],
              "command": [
                {"expands": true, "text": "sh"},
                {"expands": true, "text": "-c"},
                {"expands": true, "text": "echo \"$HOME\" > /scratch/x"}
              ],
              "environment": [
                {"name": "HOSTNAME", "value": {"literal": {"_0": "rich"}}},
                {"name": "HOME", "value": {"literal": {"_0": "/"}}},
                {"name": "PATH", "value": {"literal": {"_0": "/usr/bin"}}},
                {"name": "LANG", "value": {"literal": {"_0": "C"}}},
                {"name": "KUBERNETES_SERVICE_HOST", "value": {"literal": {"_0": "10.0.0.1"}}},
                {"name": "KUBERNETES_SERVICE_PORT", "value": {"literal": {"_0": "6443"}}},
                {"name": "KUBERNETES_SERVICE_PORT_HTTPS", "value": {"literal": {"_0": "6443"}}},
                {"name": "KUBERNETES_PORT", "value": {"literal": {"_0": "tcp://10.0.0.1:6443"}}},
                {"name": "KUBERNETES_PORT_6443_TCP", "value": {"literal": {"_0": "tcp://10.0.0.1:6443"}}},
                {"name": "KUBERNETES_PORT_6443_TCP_PROTO", "value": {"literal": {"_0": "tcp"}}},
                {"name": "KUBERNETES_PORT_6443_TCP_PORT", "value": {"literal": {"_0": "6443"}}},
                {"name": "KUBERNETES_PORT_6443_TCP_ADDR", "value": {"literal": {"_0": "10.0.0.1"}}}
              ],
              "identity": {"group": 3000, "supplementaryGroups": [4000, 2000], "user": 1000},
              "image": "busybox",
              "imageID": "docker://registry/app@sha256:1",
              "imagePath": "/images/a.sif",
              "mounts": [{"path": "/scratch", "readOnly": false, "volume": "scratch"}],
              "name": "prepare",
              "noNewPrivileges": false,
              "readOnlyRootFilesystem": false,
              "stdin": false,
              "stdinOnce": false,
              "stopSignal": 3,
              "terminationMessageFallsBackToLogs": false,
              "terminationMessagePath": "/dev/termination-log",
              "tty": false,
              "workingDirectory": "/srv"
            }
          ],
          "initProgram": "/opt/hpk/bin/hpk-init",
          "localDirectory": "/tmp",
          "logLimits": {"maximumBytes": 10485760, "maximumFiles": 5},
          "managesHostsFile": true,
          "name": "rich",
          "namespace": "shop",
          "needsDelivery": true,
          "network": "private",
          "nodeName": "hpk",
          "resolvConf": "search shop.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.32.0.10\noptions ndots:5\n",
          "restartBackoff": {"initialSeconds": 10, "maximumSeconds": 300, "resetAfterSeconds": 600},
          "restartPolicy": "OnFailure",
          "sharesProcessNamespace": true,
          "terminationGracePeriodSeconds": 5,
          "uid": "0f6e6a2c-1111-2222-3333-444455556666",
          "version": 1,
          "volumes": [
            {
              "name": "conf",
              "source": {"content": {"_0": {"files": [{"data": "W2FdCmI9Ywo=", "mode": 420, "path": "etc/app.ini"}]}}}
            },
            {"name": "creds", "source": {"delivered": {}}},
            {"name": "scratch", "source": {"emptyDirectory": {"inMemory": true, "sizeLimit": 67108864}}},
            {"name": "data", "source": {"hostPath": {"path": "/data", "type": "Directory"}}},
            {"name": "api", "source": {"delivered": {}}}
          ]
        }
        """#
}
