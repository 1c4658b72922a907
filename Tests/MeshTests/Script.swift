/// Small programs that pods run.
enum Script {
    /// Takes one TCP connection, and says the number and the sum of the bytes that came.
    static let sink = """
        import socket,hashlib,sys
        s=socket.socket(); s.setsockopt(socket.SOL_SOCKET,socket.SO_REUSEADDR,1); s.bind(('',7000)); s.listen(1); print('up',flush=True)
        c,_=s.accept(); h=hashlib.sha256(); n=0
        while True:
            b=c.recv(1<<16)
            if not b: break
            h.update(b); n+=len(b)
        c.sendall(('%d %s'%(n,h.hexdigest())).encode()); c.close()
        """
    /// Sends so many bytes to an address, and says whether what arrived is what was sent.
    static let source = """
        import socket,hashlib,sys,random
        a,n=sys.argv[1],int(sys.argv[2]); r=random.Random(1); b=r.randbytes(1<<16); h=hashlib.sha256(); left=n
        c=socket.create_connection((a,7000),timeout=20)
        while left>0:
            p=b[:min(left,len(b))]; c.sendall(p); h.update(p); left-=len(p)
        c.shutdown(socket.SHUT_WR); got=c.recv(200).decode()
        print('same' if got=='%d %s'%(n,h.hexdigest()) else 'different: '+got)
        """
    /// Sends back each UDP message.
    static let echo = """
        import socket
        s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.bind(('',7001)); print('up',flush=True)
        while True:
            b,a=s.recvfrom(65536); s.sendto(b,a)
        """
    /// Sends messages of the sizes given, and says which came back as they were; up to five tries each.
    static let caller = """
        import socket,sys,os
        s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.settimeout(0.5); good=[]
        for n in map(int,sys.argv[2:]):
            m=os.urandom(n)
            for t in range(5):
                try:
                    s.sendto(m,(sys.argv[1],7001))
                    if s.recv(65536)==m: good.append(n); break
                except OSError: pass
        print(*good)
        """
}
