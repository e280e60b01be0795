import type { Finding } from '../doctor/index.ts';
import type { Colours } from '../output.ts';
import { pad, widthOf } from '../terminal/clip.ts';

export const findingsText = (findings: readonly Finding[], colours: Colours): string => {
  const width = Math.max(...findings.map((finding) => widthOf(finding.about)));
  return findings
    .flatMap((finding) => [
      `${mark(finding, colours)} ${pad(finding.about, width)}  ${finding.message}`,
      ...(finding.fix === undefined ? [] : [`  ${colours.cyan('fix:')} ${finding.fix}`]),
    ])
    .join('\n');
};

const mark = ({ state }: Finding, colours: Colours): string => {
  switch (state) {
    case 'good':
      return colours.green('✓');
    case 'limited':
      return colours.yellow('!');
    case 'missing':
      return colours.red('✗');
  }
};
