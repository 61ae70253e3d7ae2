# One Worker behind one socket; `--socket-fd` says which socket.

using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [ (name = "main", worker = .pages) ],
  sockets = [ (name = "http", address = "127.0.0.1:8080", http = (), service = "main") ]
);

const pages :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "worker.js"),
    (name = "data.mjs", esModule = embed "../data.mjs")
  ],
  compatibilityDate = "2026-10-01"
);
