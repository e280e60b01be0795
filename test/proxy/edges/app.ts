import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';

/** An application behind the proxy that says what it saw. */
export class App {
  readonly server: Server;
  readonly name: string;
  requests = 0;
  readonly #sockets = new WebSocketServer({ noServer: true });

  private constructor(name: string) {
    this.name = name;
    this.server = createServer((request, response) => {
      this.requests += 1;
      const { pathname } = new URL(request.url ?? '/', 'http://app');
      if (pathname === '/events') {
        response.writeHead(200, { 'content-type': 'text/event-stream', 'access-control-allow-origin': '*' });
        response.write(`id: 1\ndata: ${name} ${String(request.headers['last-event-id'] ?? 'first')}\n\n`);
      } else if (pathname === '/echo') {
        response.writeHead(200, { 'content-type': request.headers['content-type'] ?? 'text/plain' });
        request.pipe(response);
      } else if (pathname === '/big') response.end(Buffer.alloc(5_000_000, 'b'));
      else if (pathname.startsWith('/cut')) {
        response.writeHead(200, pathname === '/cut' ? { 'content-length': '100' } : {});
        response.write('half', () => response.socket?.destroy());
      } else if (pathname === '/trailers') {
        response.writeHead(200, { trailer: 'x-sum' });
        response.write('content');
        response.addTrailers({ 'x-sum': '7' });
        response.end();
      } else if (pathname === '/hints') {
        response.writeEarlyHints({ link: '</style.css>; rel=preload' });
        response.end('hinted');
      } else if (pathname === '/whole') request.resume().on('end', () => response.end('all of it came'));
      else if (pathname === '/never') request.resume();
      else {
        response.setHeader('set-cookie', ['a=1', 'b=2']);
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ name, method: request.method, url: request.url, headers: request.headers }));
      }
    });
    this.server.on('upgrade', (request, socket, head) => {
      this.#sockets.handleUpgrade(request, socket, head, (peer) => {
        peer.send(`hello from ${name}`);
        peer.on('message', (data, isBinary) => peer.send(data, { binary: isBinary }));
      });
    });
  }

  static async start(name: string): Promise<App> {
    const app = new App(name);
    await new Promise<void>((resolve) => {
      app.server.listen(0, '127.0.0.1', resolve);
    });
    return app;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  close(): void {
    for (const peer of this.#sockets.clients) peer.terminate();
    this.server.closeAllConnections();
    this.server.close();
  }
}
