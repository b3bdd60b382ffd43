import { PATH_NAMES, type PathName } from './paths.js';
import type { Summary } from './series.js';

const COLOURS: Readonly<Record<PathName, string>> = {
  direct: '#9a9a9a',
  pipe: '#5b6b7a',
  pgbouncer: '#c98b2b',
  haproxy: '#8a6fb0',
  sqlwarden: '#1f7a4d',
  policy: '#2fa36b',
  password: '#4a9c8c',
  masks: '#66c796',
  durable: '#b7e4cd',
  unrecorded: '#999999',
};

const BAR = 14;
const GAP = 12;
const LEFT = 190;
const WIDTH = 560;
const RIGHT = 230;
const TOP = 44;

interface Group {
  readonly title: string;
  readonly bars: readonly Summary[];
}

/** Throughput of every case beside that of the direct path, which is 1, as an SVG document. Cases without a direct path are beside their fastest. */
export function plotSummaries(summaries: readonly Summary[]): string {
  const groups = groupsOf(summaries);
  const height = TOP + groups.reduce((sum, { bars }) => sum + bars.length * BAR + GAP, 0) + 20;
  const width = LEFT + WIDTH + RIGHT;
  let y = TOP;
  const body = groups.map((group) => {
    const text = drawGroup(group, y);
    y += group.bars.length * BAR + GAP;
    return text;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11">`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    `<text x="${LEFT}" y="18" font-size="13">throughput beside the direct path; CPU of the process between, p99</text>`,
    ...[0, 0.25, 0.5, 0.75, 1].map((share) => gridLine(share, height)),
    ...body,
    '</svg>\n',
  ].join('\n');
}

function groupsOf(summaries: readonly Summary[]): Group[] {
  const groups = new Map<string, Summary[]>();
  for (const one of summaries) {
    const title = `${one.name}, ${one.clients} client${one.clients === 1 ? '' : 's'}`;
    groups.set(title, [...(groups.get(title) ?? []), one]);
  }
  return [...groups].map(([title, bars]) => ({
    title,
    bars: bars.toSorted((a, b) => PATH_NAMES.indexOf(a.path) - PATH_NAMES.indexOf(b.path)),
  }));
}

function drawGroup({ title, bars }: Group, top: number): string {
  const base = bars.find(({ path }) => path === 'direct')?.throughput ?? Math.max(...bars.map(({ throughput }) => throughput));
  const lines = bars.map((bar, index) => drawBar(bar, bar.throughput / base, top + index * BAR));
  return [`<text x="${LEFT - 70}" y="${top + 10}" text-anchor="end">${title}</text>`, ...lines].join('\n');
}

function drawBar(bar: Summary, share: number, y: number): string {
  const name = `<text x="${LEFT - 6}" y="${y + 10}" text-anchor="end" fill="#555">${bar.path}</text>`;
  if (!Number.isFinite(share)) return `${name}<text x="${LEFT + 4}" y="${y + 10}" fill="#b00">failed</text>`;
  const width = Math.min(share, 1.15) * WIDTH;
  const cpu = Number.isFinite(bar.cpuMicros) ? `, ${bar.cpuMicros.toFixed(0)} µs CPU` : '';
  const figures = `${bar.throughput >= 1_000 ? Math.round(bar.throughput) : bar.throughput.toFixed(1)} ${bar.unit}/s (${share.toFixed(2)})${cpu}, ${bar.p99Ms.toFixed(2)} ms`;
  return [
    name,
    `<rect x="${LEFT}" y="${y + 1}" width="${width.toFixed(1)}" height="${BAR - 3}" fill="${COLOURS[bar.path]}"/>`,
    `<text x="${LEFT + width + 5}" y="${y + 10}" fill="#333" font-size="10">${figures}</text>`,
  ].join('');
}

function gridLine(share: number, height: number): string {
  const x = LEFT + share * WIDTH;
  return `<line x1="${x}" y1="26" x2="${x}" y2="${height - 10}" stroke="#ddd"/><text x="${x}" y="38" fill="#777" text-anchor="middle">${share}</text>`;
}
