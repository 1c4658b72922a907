print("hpk-kubelet")
