// React on Node: `renderToString` behind Node's own HTTP server, in as many
// processes as there are processors. Prints its address when all of them listen.
//
//   NODE_ENV=production node server.mjs FOLDER [PROCESSES]
//
// FOLDER has react and react-dom in its node_modules.

import cluster from "node:cluster";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { resolve } from "node:path";

import { HEADERS } from "../data.mjs";
import { pages } from "./pages.mjs";

const [folder, processes = availableParallelism()] = process.argv.slice(2);

if (cluster.isPrimary) {
  let listening = 0;
  cluster.on("listening", (worker, address) => {
    listening += 1;
    if (listening === Number(processes)) console.log(`http://127.0.0.1:${address.port}`);
  });
  cluster.on("exit", () => process.exit(1));
  for (let count = 0; count < Number(processes); count += 1) cluster.fork();
} else {
  const require = createRequire(resolve(folder, "package.json"));
  const { renderToString } = require("react-dom/server");
  const views = pages(require("react/jsx-runtime"));
  const server = createServer((request, response) => {
    const view = views[request.url.slice(request.url.lastIndexOf("/") + 1)];
    if (!view) {
      response.writeHead(404).end();
      return;
    }
    for (const name in HEADERS) response.setHeader(name, HEADERS[name]);
    response.end(`<!DOCTYPE html>${renderToString(view())}`);
  });
  // The cluster gives all of them the same port.
  server.listen(0, "127.0.0.1");
}
