import { rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import { PointsmanError } from '../model/index.ts';

/** What a socket's path may be long in every system we run on (macOS is the strictest). */
const longestPath = 103;

/** Listens at the path, readable and writable by its owner only. Takes the place of a dead socket, never of a living one. */
export const listenOnSocket = async (server: Server, path: string): Promise<void> => {
  if (Buffer.byteLength(path) > longestPath) {
    throw new PointsmanError('USAGE', {
      message: `The socket's path is longer than ${longestPath} bytes: ${path}`,
      fix: 'Choose a shorter folder with --state-dir.',
    });
  }
  await removeStaleSocket(path);
  await bindPrivately(server, path);
};

const removeStaleSocket = async (path: string): Promise<void> => {
  const answer = await knock(path);
  if (answer === 'listening') {
    throw new PointsmanError('SUPERVISOR_RUNNING', {
      message: `Another supervisor answers on ${path}.`,
      fix: 'Use that one, end it with `pointsman down`, or choose another folder with --state-dir.',
    });
  }
  if (answer === 'stale') await rm(path, { force: true });
};

const knock = (path: string): Promise<'listening' | 'stale' | 'absent'> =>
  new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve('listening');
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') resolve('absent');
      else if (error.code === 'ECONNREFUSED' || error.code === 'ENOTSOCK') resolve('stale');
      else reject(new PointsmanError('STATE_WRITE_FAILED', { message: `${path}: ${error.message}`, cause: error }));
    });
  });

const bindPrivately = (server: Server, path: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new PointsmanError('SUPERVISOR_RUNNING', { message: `Another supervisor took ${path}.`, cause: error })
          : new PointsmanError('STATE_WRITE_FAILED', {
              message: `${path} can't be listened on: ${error.message}.`,
              fix: 'Choose a folder you can write to with --state-dir.',
              cause: error,
            }),
      ),
    );
    // listen() binds before it returns, so the mask is in force exactly while the socket file is made: nobody else can ever open it.
    const mask = process.umask(0o177);
    try {
      server.listen(path, resolve);
    } finally {
      process.umask(mask);
    }
  });
