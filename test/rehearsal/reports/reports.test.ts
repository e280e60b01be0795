import { expect, test } from 'vitest';
import { htmlReport, jsonReport, junitReport, markdownReport, tableReport } from '../../../src/rehearsal/index.ts';
import type { RehearsalReport } from '../../../src/model/index.ts';
import { sampleReport } from '../stage/sample-report.ts';

/** With every kind of character that could break out of a format. */
const hostileReport: RehearsalReport = {
  ...sampleReport,
  rehearsal: `<script>alert("x")</script> & 'y' | z`,
  runs: sampleReport.runs.map((run) => ({ ...run, variant: `<b>${run.variant}|"'&` })),
};

const lines = (text: string): readonly string[] => text.split('\n').map((line) => line.trimEnd());

test.each([
  ['table-80.txt', () => tableReport(sampleReport, { width: 80, colour: false })],
  ['table-120-colour.txt', () => tableReport(sampleReport, { width: 120, colour: true })],
  ['table-60.txt', () => tableReport(sampleReport, { width: 60, colour: false })],
  ['report.json', () => jsonReport(sampleReport)],
  ['report.xml', () => junitReport(sampleReport)],
  ['report.md', () => markdownReport(sampleReport)],
  ['report.html', () => htmlReport(sampleReport)],
])('%s is as the golden file says', async (file, render) => {
  await expect(render()).toMatchFileSnapshot(`golden/${file}.golden`);
});

test.each([60, 80, 100, 120, 200])('no line of the table is wider than %i characters', (width) => {
  const table = tableReport(sampleReport, { width, colour: false });
  expect(lines(table).filter((line) => line.length > Math.max(width, 80))).toEqual([]);
});

test('colour is only paint: without it the same text remains', () => {
  const coloured = tableReport(sampleReport, { width: 80, colour: true });
  // oxlint-disable-next-line no-control-regex -- the escape character is what is looked for
  const bare = coloured.replaceAll(/\u001B\[\d+m/g, '');
  expect(lines(bare)).toEqual(lines(tableReport(sampleReport, { width: 80, colour: false })));
  expect(coloured).not.toBe(bare);
});

test('json is exactly the report', () => {
  expect(JSON.parse(jsonReport(sampleReport))).toEqual(sampleReport);
  const tricky = { ...sampleReport, rehearsal: '[1, 2,\n 3] "quoted"' };
  expect(JSON.parse(jsonReport(tricky))).toEqual(tricky);
});

test('names can not break out of the html, the xml or the markdown table', () => {
  const html = htmlReport(hostileReport);
  expect(html).not.toContain('<script>');
  expect(html).not.toContain('<b>railway');
  expect(html).toContain('&lt;script&gt;');
  expect(junitReport(hostileReport)).not.toMatch(/<script>|<b>/);
  const header = markdownReport(hostileReport)
    .split('\n')
    .find((line) => line.startsWith('|'));
  expect(header?.replaceAll(String.raw`\|`, '').split('|')).toHaveLength(hostileReport.runs.length + 3);
});

test('only the candidate can fail in the junit report', () => {
  expect(junitReport(sampleReport)).not.toContain('<failure');
  const failing = { ...sampleReport, verdict: 'fail' as const, runs: sampleReport.runs.slice(0, 1) };
  expect(junitReport(failing)).toContain('failures="4"');
});

test('the html page asks nothing of the network', () => {
  expect(htmlReport(sampleReport)).not.toMatch(/https?:|src=|<link|@import|url\(/);
});
