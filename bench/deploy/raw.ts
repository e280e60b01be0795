import { connect } from 'node:net';
import { execa } from 'execa';
import { addressOf, environmentFlags, image, port } from './app.ts';

/** The floor: `docker run` until the new container's first answer. No switch, so no load. */
export const measureRaw = async (): Promise<number> => {
  const begun = Date.now();
  const { stdout: container } = await execa('docker', ['run', '--detach', '--rm', ...environmentFlags('2'), image]);
  try {
    const host = await addressOf(container);
    while (!(await listens(host))) if (Date.now() - begun > 30_000) throw new Error('the container never listened');
    return Date.now() - begun;
  } finally {
    await execa('docker', ['rm', '--force', container]);
  }
};

/** One try to connect; a refusal comes after a round trip on the bridge, so the loop around it costs little. */
const listens = (host: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      setTimeout(() => resolve(false), 5);
    });
  });
