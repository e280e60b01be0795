// Loaded into the supervisor, the runner and the proxy by NODE_OPTIONS (`clock-set-back.test.ts`): what they read as the
// time of day is shifted by the milliseconds that stand in a file, as if somebody had set the machine's clock.
import { readFileSync } from 'node:fs';

const shiftFile = process.env['POINTSMAN_TEST_CLOCK'] ?? '';
const timeOfDay = Date.now;

const shift = (): number => {
  try {
    return Number(readFileSync(shiftFile, 'utf8'));
  } catch {
    return 0; // nobody has set it
  }
};

Date.now = () => timeOfDay() + shift();
