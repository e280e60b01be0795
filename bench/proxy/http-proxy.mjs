// The npm package `http-proxy` as its README has it, with a keep-alive agent. Arguments: port, port of the origin.
import { Agent, createServer } from 'node:http';
import httpProxy from 'http-proxy';

const [port, originPort] = process.argv.slice(2).map(Number);
const proxy = httpProxy.createProxyServer({
  target: `http://127.0.0.1:${originPort}`,
  agent: new Agent({ keepAlive: true, maxSockets: Infinity }),
  xfwd: true,
});
proxy.on('error', (_error, _request, response) => response.destroy());
const server = createServer((request, response) => proxy.web(request, response));
server.on('upgrade', (request, socket, head) => proxy.ws(request, socket, head));
server.listen({ port, host: '127.0.0.1', backlog: 4096 });
