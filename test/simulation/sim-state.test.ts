import { stateFileContract } from '../contract/state-file.ts';
import { SimDisk } from './sim-state.ts';

stateFileContract('a simulation', () => {
  const disk = new SimDisk();
  return {
    open: () => disk.file(),
    fill: () => {
      disk.isFull = true;
    },
    free: () => {
      disk.isFull = false;
    },
  };
});
