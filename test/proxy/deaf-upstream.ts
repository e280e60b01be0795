import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';

const program = `
require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () {
  console.log(this.address().port);
});`;
const mostConnections = 50;

/** A process that listens but hangs: the kernel takes no further connection for it, and refuses none either. */
export class DeafUpstream {
  readonly port: number;
  readonly #process: ChildProcess;
  readonly #sockets: readonly Socket[];

  private constructor(port: number, child: ChildProcess, sockets: readonly Socket[]) {
    this.port = port;
    this.#process = child;
    this.#sockets = sockets;
  }

  static async start(): Promise<DeafUpstream> {
    const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    child.kill('SIGSTOP');
    const sockets: Socket[] = [];
    let isFull = false;
    while (!isFull) {
      if (sockets.length === mostConnections) throw new Error('it takes every connection');
      const socket = connect(Number(line), '127.0.0.1');
      socket.on('error', () => undefined);
      sockets.push(socket);
      // Loopback connects at once or not at all; however late we are, by the next turn but one we have been told.
      await delay(50);
      await nextTurn();
      isFull = socket.connecting;
    }
    return new DeafUpstream(Number(line), child, sockets);
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#process.kill('SIGKILL');
  }
}
