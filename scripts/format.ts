import { execa } from 'execa';

await execa('oxfmt', ['.'], { stdio: 'inherit', preferLocal: true });
