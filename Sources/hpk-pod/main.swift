print("hpk-pod")
