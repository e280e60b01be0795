// `npm run build`: compiles the package into dist/. Node refuses to strip types below node_modules, so what is published is JavaScript.
import { chmod, rm } from 'node:fs/promises';
import { execa } from 'execa';

await rm('dist', { recursive: true, force: true });
await execa('tsc', ['--project', 'tsconfig.build.json'], { stdio: 'inherit', preferLocal: true });
await chmod('dist/bin/pointsman.js', 0o755);
